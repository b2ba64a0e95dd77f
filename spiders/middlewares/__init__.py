"""Scrapy middlewares: redirects, robots.txt, opt-outs and throttling."""
