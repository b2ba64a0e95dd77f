"""The logger and the metrics of every function; no module below this one imports from a handler.

One set of keys joins the log lines of a story: ``source`` and ``crawl``, ``capture`` (the key of its WARC file) and
``article`` (its id); lines about several have ``crawls``, ``captures`` and ``articles``. The template's saved queries
use them.
"""

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="dateline")
metrics = Metrics(namespace="Dateline", service="dateline")
