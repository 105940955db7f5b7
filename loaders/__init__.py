"""Batched reads, one class a key -> value, built anew for every operation."""
