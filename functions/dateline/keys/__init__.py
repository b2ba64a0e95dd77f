"""Keys of objects and items, and the names and ids in them."""
