"""What a process runs before it serves, to see that it compiles aright."""

SELF_CHECK = """
query SelfCheck {
  browse(first: 12) {
    edges {
      cursor
      node {
        ...Card
        similar(first: 2) { totalCount edges { node { ...Card } } }
        ... on Series { seasons { name episodes(first: 2) { edges { node { label name } } } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Card on Title {
  __typename id name synopsis releaseYear maturityRating badges isInMyList averageRating
  artwork { url width } genres { name } credits(first: 2) { role person { name } } play { id duration }
}
"""
"""Asks for something of every kind that plans have a way of their own for."""
