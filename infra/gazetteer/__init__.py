"""Makes the gazetteer that ``dateline.places`` reads, from kept packages and from the tables beside this file."""

from pathlib import Path

from infra.gazetteer.entries import entries

GAZETTEER = Path(__file__).parents[2] / "functions" / "dateline" / "places" / "gazetteer.tsv"


def text() -> str:
    """What the file is to be."""
    return "".join(entry.line() for entry in entries())
