"""Commands for operators: how a stack is, what it costs, and what to do with failures."""
