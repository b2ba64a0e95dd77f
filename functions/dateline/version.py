"""The release, in a module without imports for captures, articles, exports and requests."""

__version__ = "0.1.0"
