"""Rebuild, re-extraction and withdrawal."""
