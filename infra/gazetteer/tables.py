"""The tables beside this file, tab-separated, with lists parted by ``|``, in the spelling of newspapers.

spellings.tsv   place (country or GeoNames id), names       names that the packages lack; they are taken as they are
peoples.tsv     country, en, fr, ar, tr                     adjectives, masculine singular
phrases.tsv     country (or none), names                    see ``dateline.places.gazetteer``
wary.tsv        mark, names                                 how names of places are marked there; ``-`` drops one
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
    """How to mark a name that is ``spelled``."""
    return {spelled(name): row["mark"] for row in rows("wary.tsv") for name in row["names"].split("|")}
