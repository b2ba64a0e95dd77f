"""Models of what cannot be run: edits, and clouds too large or too dear."""
