"""The collecting side: the registry of outlets, and the spiders that are made from it."""
