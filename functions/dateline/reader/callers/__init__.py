"""Callers: signatures, tokens, signed links, and a limit of requests."""
