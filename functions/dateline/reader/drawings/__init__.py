"""Drawings in SVG: charts and maps."""
