"""Routes: addresses and their answers."""
