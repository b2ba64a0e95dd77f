"""Spellings of dates in the region's languages, each with the moment that it names (``dates/written.tsv``)."""

import csv
from pathlib import Path

import pytest

from dateline.extraction.fields.date_parsing import Moment, read

with Path(__file__).with_name("dates").joinpath("written.tsv").open(encoding="utf-8", newline="") as table:
    WRITTEN = [(row["text"], row["date"]) for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.mark.parametrize(("text", "date"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_spelling_of_a_date(text: str, date: str) -> None:
    """A spelling gives the day, the time of day as far as it is stated, and the offset if there is one."""
    moment = read(text)
    assert (_stated(moment) if moment else "") == date


@pytest.mark.parametrize("text", ["3" * 5_000, "9" * 5_000 + "-01-01", "16 " * 2_000, "(" * 5_000, "ﷺ" * 1_000])
def test_no_text_is_too_strange(text: str) -> None:
    """A text that is no date is passed over, however long."""
    assert read(text) is None


def _stated(moment: Moment) -> str:
    local = moment.at.isoformat(timespec="seconds" if moment.precision == "second" else "minutes")
    return moment.iso() if moment.zoned or moment.precision == "day" else local
