"""The body: the text of an article's page."""
