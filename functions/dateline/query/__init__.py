"""Queries of the index, and the differences of revisions."""
