"""Benchmarks: they print, they assert nothing."""
