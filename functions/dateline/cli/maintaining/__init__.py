"""Commands for the whole archive: check, rebuild, re-extract, pack, withdraw."""
