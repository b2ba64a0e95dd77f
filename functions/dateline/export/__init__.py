"""Export: the stories of a query in one file, their articles as a table or the captures that prove them.

``tables`` are JSON lines, CSV and Parquet, ``captures`` WARC and WACZ. Each has the current revision of one story after
the other, in the query's order.
"""

from dateline.export.reading import Export

__all__ = ["Export"]
