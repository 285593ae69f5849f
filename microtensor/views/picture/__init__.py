"""The record as a picture: what it shows, and how Graphviz, text and Mermaid draw it."""
