"""Articles as JSON lines, CSV and Parquet."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dateline.export.reading import Export
from dateline.story import StoryItem

# Names of datelines and places; lists joined with "; "; empty for missing values.
COLUMNS = (
    "id",
    "url",
    "source",
    "outlet_country",
    "language",
    "title",
    "standfirst",
    "published_at",
    "published_precision",
    "modified_at",
    "dateline",
    "authors",
    "agencies",
    "section",
    "tags",
    "about",
    "places",
    "persons",
    "organisations",
    "cluster",
    "word_count",
    "paywalled",
    "revision",
    "captured_at",
    "first_seen_at",
    "gone_at",
    "digest",
    "capture_key",
    "capture_offset",
    "capture_length",
    "text",
)


_FORMULA = re.compile(r"[\t\r\n]|[\s\ufeff]*[=+@\uff1d\uff0b\uff20\uff0d-]")


def jsonl(export: Export) -> Iterator[bytes]:
    """The articles' lines, as the archive has them."""
    return (line for _, line in export.read(export.query.line))


def csv_rows(export: Export, *, faithful: bool = False) -> Iterator[bytes]:
    """Yield the header and a row for each story, in UTF-8.

    Spreadsheets execute cells with a leading formula character, and outlets' texts are untrusted: such cells get a
    leading apostrophe, unless ``faithful``.
    """
    yield _row(COLUMNS)
    for story, line in export.read(export.query.line):
        cells = _cells(story, json.loads(line))
        yield _row(cells if faithful else map(guarded, cells))


def guarded(cell: str) -> str:
    """Return a cell safe from execution as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def parquet(export: Export, path: Path) -> None:
    """Write a file with the columns of the dataset; a temporary file lies beside it meanwhile."""
    from dateline.dataset import rows  # noqa: PLC0415 - DuckDB is of the extra for this

    lines = export.read(export.query.line)
    rows.write((rows.line(line, rows.Origin.of(story)) for story, line in lines), path)


def _cells(story: StoryItem, article: dict[str, Any]) -> Iterator[str]:
    pointer = {f"capture_{name}": value for name, value in (article["capture"] or {}).items()}
    names = {
        "dateline": article["dateline"] and article["dateline"]["text"],
        **{kind: [each["name"] for each in article.get(kind, ())] for kind in ("places", "persons", "organisations")},
        "gone_at": story.get("gone_at"),
        "cluster": story.get("cluster"),
    }
    values = article | pointer | names
    return (_cell(values.get(name)) for name in COLUMNS)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _row(cells: Iterable[str]) -> bytes:
    csv.writer(row := io.StringIO(newline="")).writerow(cells)
    return row.getvalue().encode("utf-8", "replace")
