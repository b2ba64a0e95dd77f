"""Dateline: a serverless archive of regional news.

The library that the Lambda functions, the spiders and the command line share. Data flows one way:

    source -> dispatch -> crawl -> capture -> extract -> article -> index -> query

and no module here imports a later stage's, a handler or a spider.
"""

__version__ = "0.1.0"
