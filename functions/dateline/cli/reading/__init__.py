"""Commands for readers: find stories, show them, cite them, take them away."""
