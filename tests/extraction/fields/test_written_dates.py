"""Spellings of dates, agencies and datelines in the region's languages, each with its meaning (``dates/*.tsv``)."""

import pytest

from dateline.extraction.fields.dates.date_parsing import read
from infra import reference, spellings
from infra.spellings import Spelling


@pytest.mark.parametrize("spelling", spellings.spellings(), ids=lambda spelling: spelling.text[:60])
def test_spelling(spelling: Spelling) -> None:
    """A date gives the day, the time as far as it is stated, and the offset; a name its usual form."""
    assert spellings.result(spelling) == spelling.want


def test_counts_in_the_documentation() -> None:
    page = reference.LANGUAGES.read_text("utf-8")
    assert reference.languages(page) == page, "run python -m infra.reference"


@pytest.mark.parametrize("text", ["3" * 5_000, "9" * 5_000 + "-01-01", "16 " * 2_000, "(" * 5_000, "ﷺ" * 1_000])
def test_no_text_is_too_strange(text: str) -> None:
    """A text that is no date is passed over, however long."""
    assert read(text) is None
