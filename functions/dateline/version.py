"""The release, below all that names it: in captures, articles, exports and requests."""

__version__ = "0.1.0"
