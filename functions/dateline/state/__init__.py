"""What the crawl knows between two runs, in the table: URLs, feeds, hosts, and how a source does (see ``keys``).

Every item is a few hundred bytes, and a function of the capture bucket: of the captures, which say what was fetched and
when to look again, and of the crawls' reports, which say what else was learned. A crawl stores its captures before the
states of their URLs, and its report before what that has; ``dateline rebuild`` makes the same items of the two.
"""
