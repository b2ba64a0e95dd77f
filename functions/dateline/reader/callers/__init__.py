"""Who asks: signatures, tokens, signed links, and a limit of requests."""
