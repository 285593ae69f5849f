"""The record as a program: symbols, one trace, one simplifier, and what prints them."""
