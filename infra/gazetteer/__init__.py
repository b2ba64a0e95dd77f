"""Generate the gazetteer of ``dateline.places`` from pinned packages and from the tables beside this file."""

from pathlib import Path

from infra.gazetteer.entries import entries

GAZETTEER = Path(__file__).parents[2] / "functions" / "dateline" / "places" / "gazetteer.tsv"


def text() -> str:
    """Return the text of the file."""
    return "".join(entry.line() for entry in entries())
