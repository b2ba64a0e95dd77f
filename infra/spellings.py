"""The region's spellings in tests/extraction/dates, read by extraction: the table in docs/languages.md.

A row of ``spellings.tsv`` has a language, a kind, a text, and the result: ISO dates (of a relative date, as seen on
17 April 2019), an agency's usual name, the names in a byline, or a dateline as printed; nothing for a text of no such
kind. ``written.tsv`` has further dates.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from dateline.extraction.fields.credits import agencies, authors, bylines, dateline_agencies
from dateline.extraction.fields.dates import date_lines, relative_dates
from dateline.extraction.fields.dates.date_parsing import Moment, read

TABLES = Path(__file__).parents[1] / "tests" / "extraction" / "dates"
LANGUAGES = {"ar": "Arabic", "fr": "French", "en": "English", "tr": "Turkish", "fa": "Persian"}


class Spelling(NamedTuple):
    language: str
    kind: str
    text: str
    want: str


def spellings() -> list[Spelling]:
    """Return the rows of both tables."""
    rows = [Spelling(row["language"], row["kind"], row["text"], row["want"]) for row in _rows("spellings.tsv")]
    return rows + [Spelling(row["language"], "date", row["text"], row["date"]) for row in _rows("written.tsv")]


def result(spelling: Spelling) -> str:
    """Return what extraction reads in a spelling, as the table writes it."""
    return _READERS[spelling.kind](spelling.text)


def table() -> str:
    """Return the table in Markdown: right results of all tried, by kind and language."""
    tried, right = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for spelling in spellings():
        tried[spelling.kind, spelling.language] += 1
        right[spelling.kind, spelling.language] += result(spelling) == spelling.want
    lines = [["spellings", *LANGUAGES.values()], ["---"] * (len(LANGUAGES) + 1)]
    kinds = dict.fromkeys(kind for kind, _ in tried)
    lines += ([kind, *(f"{right[kind, each]} of {tried[kind, each]}" for each in LANGUAGES)] for kind in kinds)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def stated(moment: Moment | None) -> str:
    """Return a moment in ISO 8601, as far as it is stated."""
    if moment is None or moment.zoned or moment.precision == "day":
        return moment.iso() if moment else ""
    return moment.at.isoformat(timespec="seconds" if moment.precision == "second" else "minutes")


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def _two_dates(text: str) -> str:
    found = {line.kind or "published": stated(line.moment) for line in date_lines.read(text)}
    return " ".join(filter(None, (found.get("published"), found.get("changed"))))


def _relative(text: str) -> str:
    day = relative_dates.read(text, datetime(2019, 4, 17, 6, tzinfo=UTC))
    return day.isoformat() if day else ""


def _byline(text: str) -> str:
    return "; ".join(authors.names([text])) if bylines.says_by(text) else ""


def _dateline(text: str) -> str:
    found, _, _ = dateline_agencies.without_dateline([text])
    return found.text if found else ""


_READERS: dict[str, Callable[[str], str]] = {
    "month": lambda text: stated(read(text)),
    "half of the day": lambda text: stated(read(text)),
    "date": lambda text: stated(read(text)),
    "published and updated": _two_dates,
    "agency": lambda text: " ".join(agencies.named([text])),
    "dateline": _dateline,
    "byline": _byline,
    "relative date": _relative,
}
