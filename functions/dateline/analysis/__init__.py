"""Analysis: SQL over the Parquet dataset, on this machine with DuckDB or on AWS with Athena, and plots of it."""
