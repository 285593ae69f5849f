"""The record as a story: the chain rule by steps, by paths and by entries, in words and LaTeX."""
