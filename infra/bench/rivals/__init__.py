"""The compared tools, each in a process of its own."""
