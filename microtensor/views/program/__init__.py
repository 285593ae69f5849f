"""The record as code: the NumPy program a person would have written."""
