"""Full-text search of the archive's stories."""
