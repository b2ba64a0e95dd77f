"""The stories of a query, as an iterable or a table for analysis."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dateline.story import Story

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

# Arrow's types of the fields: one schema for every result, an empty one included.
_TEXTS = (
    "id",
    "url",
    "title",
    "source",
    "outlet_country",
    "language",
    "published_at",
    "published_precision",
    "dateline",
    "captured_at",
    "first_seen_at",
    "indexed_at",
    "gone_at",
    "digest",
    "cluster",
)
_LOCATIONS = ("article", "capture")
_LISTS = ("about", "persons", "organisations")
_FIELDS = tuple(field.name for field in dataclasses.fields(Story))


class Stories:
    """Stories in the order of a query; each iteration asks the index again and reads page after page.

    The tables have a column for each field of ``Story``: instants stay ISO 8601 text, because days and offsets do not
    fit one type, and ``article`` and ``capture`` are structs of key, offset and length. pyarrow, pandas and polars
    are not installed with dateline; a missing one raises ModuleNotFoundError.
    """

    def __init__(self, read: Callable[[], Iterator[Story]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Story]:
        return self._read()

    def to_arrow(self) -> "pyarrow.Table":
        """Return a ``pyarrow.Table``.

        >>> archive.stories(source="sample-gazette").to_arrow().column_names[:4]
        ['id', 'url', 'title', 'article']
        """
        import pyarrow as pa  # noqa: PLC0415 - optional

        location = pa.struct([("key", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])
        types = dict.fromkeys(_TEXTS, pa.string()) | dict.fromkeys(_LOCATIONS, location)
        types |= dict.fromkeys(_LISTS, pa.list_(pa.string()))
        types |= {"places": pa.list_(pa.int64()), "revision": pa.int64()}
        schema = pa.schema([(name, types[name]) for name in _FIELDS])
        return pa.Table.from_pylist([dict(story.to_dict()) for story in self], schema=schema)

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a ``pandas.DataFrame``; pyarrow is not needed.

        >>> archive.stories(country="ly").to_pandas().groupby("source").size().index.to_list()
        ['sample-gazette']
        """
        import pandas as pd  # noqa: PLC0415 - optional

        return pd.DataFrame([story.to_dict() for story in self], columns=list(_FIELDS))

    def to_polars(self) -> "polars.DataFrame":
        """Return a ``polars.DataFrame``; pyarrow is not needed.

        >>> archive.stories(limit=2).to_polars().height
        2
        """
        import polars as pl  # noqa: PLC0415 - optional

        location = pl.Struct({"key": pl.String, "offset": pl.Int64, "length": pl.Int64})
        types: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(_TEXTS, pl.String)
        types |= dict.fromkeys(_LOCATIONS, location)
        types |= dict.fromkeys(_LISTS, pl.List(pl.String))
        types |= {"places": pl.List(pl.Int64), "revision": pl.Int64}
        return pl.DataFrame([story.to_dict() for story in self], schema={name: types[name] for name in _FIELDS})
