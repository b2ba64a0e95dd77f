"""From a query to stories: its language, matching, facets and snippets."""
