"""State of the crawl between two runs: URLs, feeds, hosts and health of sources in the table, due times in S3.

Items have a few hundred bytes and derive from the capture bucket: captures give fetches and due times, crawl reports
everything else. A crawl stores captures, then its report, then due times, then the states of URLs and the report's
items; ``dateline rebuild`` makes the same from captures and reports.
"""
