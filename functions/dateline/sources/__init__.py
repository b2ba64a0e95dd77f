"""The registry of sources: one TOML file for each outlet and language edition."""
