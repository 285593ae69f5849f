"""Microtensor beside its peers: `python -m benchmarks` measures, and prints a table and a plot."""
