"""Benchmarks: they print results and assert nothing."""
