"""The fields of an article, one module for each."""
