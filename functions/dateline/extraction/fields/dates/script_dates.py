"""Dates of publication in a page's scripts: the state of its framework, or data for its statistics."""

import re
from collections.abc import Iterator

from dateline.extraction.fields.dates.date_parsing import Moment, read_stated
from dateline.extraction.parse.document import Document, Value

_MAYBE = re.compile(r"publi|pub_?date", re.IGNORECASE)
_STATED = re.compile(r"""(?P<name>[\w.-]{5,40})\\?["']?\s*[:=]\s*\\?["']?(?P<value>[\w+][\w:+. /,-]{7,38})""")
_PUBLISHED = re.compile(
    r"(?:^|[_.-])(?:date|time)?_?(?:first_?)?publi(?:sh|cation)\w*?_?(?:date|time|at|on|timestamp)(?:$|_(?:iso|utc|gmt))"
    r"|date_?(?:first_?)?publi(?:sh|cation)\w*$|(?:^|[_.-])pub_?date$"
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # in firstPublishedAt
_OTHER = re.compile(r"modif|updat|expir|unpubl|last|end", re.IGNORECASE)


def find(document: Document) -> Iterator[Value[Moment]]:
    """Yield the date of publication stated in the page's scripts, if all of them state the same day."""
    stated = list(_stated(document))
    if len({moment.at.date() for moment in stated}) == 1:
        yield Value(max(stated, key=lambda moment: moment.precision != "day"), "script data")


def _stated(document: Document) -> Iterator[Moment]:
    for script in document.tree.iter("script"):
        text = script.text or ""
        if "ld+json" in script.get("type", "") or not _MAYBE.search(text):
            continue
        for match in _STATED.finditer(text):
            name = _HUMP.sub("_", match["name"]).lower()
            if _PUBLISHED.search(name) and not _OTHER.search(name) and (moment := read_stated(match["value"])):
                yield moment
