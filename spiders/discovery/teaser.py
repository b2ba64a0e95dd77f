"""The date printed beside a story's link on a section page.

It decides only about the window of a history crawl; extraction finds the article's own date.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from parsel import Selector

from spiders.discovery.date_range import Period

_LEVELS = 5  # elements around the link: a heading, a box, a card, an article, a list's item
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\s?[/.-]\s?(\d{1,2})\s?[/.-]\s?((?:19|20)\d\d)(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d\d)-(\d\d)-(\d\d)(?!\d)")


def date_beside(link: Selector, zone: ZoneInfo) -> Period | None:
    """Return the day in the teaser's ``time`` element or in digits, with day or year first."""
    for box in _teaser(link.root):
        for stated in box.iter("time"):
            if day := _stated(stated.get("datetime") or "", zone):
                return Period(day, day)
        if day := _printed(" ".join(box.itertext())):
            return Period(day, day)
    return None


def _teaser(link: Any) -> Iterator[Any]:
    """The elements around a link, from the inside, as long as they have links to nothing else."""
    address = link.get("href")
    for level, box in enumerate(link.iterancestors()):
        others = {other.get("href") for other in box.iter("a")} - {address, None}
        if level == _LEVELS or others:
            return
        yield box


def _stated(text: str, zone: ZoneInfo) -> date | None:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (instant.astimezone(zone) if instant.tzinfo else instant).date()


def _printed(text: str) -> date | None:
    for pattern, order in ((_YEAR_FIRST, (1, 2, 3)), (_DAY_FIRST, (3, 2, 1))):
        for match in pattern.finditer(text):
            try:
                return date(*(int(match[group]) for group in order))
            except ValueError:  # month first, or no date at all
                continue
    return None
