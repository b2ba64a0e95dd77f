"""Dataset: the current revision of each story as a row of Parquet, for Athena, DuckDB, Spark and Polars.

``rows`` are an article's columns and the files of them, ``parts`` the files of one country and month, ``compaction``
what brings them up to the archive, and ``progress`` how far it has come. A story that is revised, extracted anew or
withdrawn has its row replaced or removed; its revisions are in the index, and their words in ``articles/``.
"""
