"""Routes: what each address answers."""
