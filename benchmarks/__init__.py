"""Benchmarks: seeded corpora, whole process trees measured, and the peers measured in the same run."""
