"""The tables beside this file, tab-separated, with lists separated by ``|``, in the spelling of newspapers.

spellings.tsv   place (country or GeoNames id), names       additional names, used as they are
peoples.tsv     country, en, fr, ar, tr                     adjectives, masculine singular
phrases.tsv     country (or none), names                    see ``dateline.places.gazetteer``
wary.tsv        mark, names                                 marks of names there; ``-`` drops a name
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from dateline.places.normalize import spelled

_FOLDER = Path(__file__).parent


def rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def spellings() -> Mapping[str, list[str]]:
    """Further names by place."""
    return {row["place"]: row["names"].split("|") for row in rows("spellings.tsv")}


def marks() -> Mapping[str, str]:
    """Return the mark of a ``spelled`` name."""
    return {spelled(name): row["mark"] for row in rows("wary.tsv") for name in row["names"].split("|")}
