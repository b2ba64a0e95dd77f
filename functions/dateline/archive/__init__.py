"""Articles and outcomes of captures, in the archive bucket."""
