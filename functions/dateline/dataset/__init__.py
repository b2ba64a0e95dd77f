"""Dataset: the current revision of each story as a row of Parquet, for Athena, DuckDB, Spark and Polars.

``rows`` defines columns and files, ``parts`` the files of one country and month, ``compaction`` updates them from the
archive, ``progress`` records the state between runs. A revised, re-extracted or withdrawn story has its row replaced or
removed; earlier revisions are in the index, and their words in ``articles/``.
"""
