"""Benchmarks. Absolute figures of a shared machine are noisy: each stands beside a baseline of the same run."""
