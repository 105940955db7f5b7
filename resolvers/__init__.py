"""What the fields of the graph do, one module a domain: arguments and context to domain values."""
