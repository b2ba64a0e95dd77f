"""The crawl: spiders for the registered outlets."""
