"""Discovery: how feeds, sitemaps and section pages list stories."""
