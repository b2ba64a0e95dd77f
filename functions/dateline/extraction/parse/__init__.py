"""Parsing: HTML, JSON-LD, selectors, and the document that the fields read."""
