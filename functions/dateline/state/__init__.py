"""State of the crawl between two runs, in the table: URLs, feeds, hosts, health of sources (see ``keys``).

Items have a few hundred bytes and derive from the capture bucket: captures give fetches and due times, crawl reports
everything else. A crawl stores captures before URL states, and its report before the report's items; ``dateline
rebuild`` makes the same items from both.
"""
