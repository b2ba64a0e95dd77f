"""Near-duplicates: Unicode folding, shingles and MinHash fingerprints."""
