"""Export: the stories of a query in one file, as a table of articles or as captures.

``tables`` writes JSON lines, CSV and Parquet, ``captures`` WARC and WACZ. Each file has the current revision of every
story, in the query's order.
"""

from dateline.export.reading import Export

__all__ = ["Export"]
