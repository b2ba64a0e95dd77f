"""From text to the terms that are indexed and looked for."""
