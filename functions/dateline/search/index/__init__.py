"""The search index in S3: its fields, its parts, how they are written and read."""
