"""The types of the graph, one file a domain: shape only. What a field does stands in `resolvers`."""
