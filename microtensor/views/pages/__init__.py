"""The record as one offline HTML page: the picture, stepped through with its story."""
