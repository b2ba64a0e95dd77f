"""Parsing: HTML, JSON-LD, selectors, and the document for the fields."""
