"""Commands for collecting: sources, crawls, imports, and the way of captures through the stack."""
