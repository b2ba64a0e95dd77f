"""The Python interface that ``import dateline`` offers, each part imported when it is used."""
