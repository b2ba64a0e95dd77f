"""The chain of a story's revisions: a function of its captures, in whatever order these are archived.

Captures are ordered by their instant, then by the key of their WARC file and their place in it. The first is revision
1; each later one is a revision if it has other words, or another date, than the revision before it. ``first_seen_at``
is the instant of the first. A story has one revision for an instant: another capture of the same instant is none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from dateline.article import Article, Outcome

Item = Mapping[str, Any]


class Place(NamedTuple):
    """The place of a capture in its story's chain: an outcome, and the number and first instant of a revision."""

    outcome: Outcome
    revision: int | None = None
    first_seen_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The words and the date of a story in one capture; ``place`` is None before it is archived."""

    captured_at: str
    capture: str
    offset: int
    digest: str
    published_at: str | None = None
    place: Place | None = None

    @property
    def order(self) -> tuple[str, str, int]:
        """Sort key of a story's captures."""
        return self.captured_at, self.capture, self.offset

    @property
    def number(self) -> int:
        """The number of the revision; 0 for a capture that made none."""
        return (self.place and self.place.revision) or 0

    @classmethod
    def of_item(cls, item: Item) -> Self:
        """Read a ``CURRENT``, ``REV#`` or ``SAME#`` item of the table."""
        outcome = Outcome(item.get("outcome", Outcome.ARCHIVED))
        number = int(item["revision"]) if "revision" in item else None
        return cls(
            captured_at=str(item["captured_at"]),
            capture=str(item["capture"]["key"]) if "capture" in item else "",
            offset=int(item["capture"]["offset"]) if "capture" in item else 0,
            digest=str(item["digest"]),
            published_at=item.get("published_at"),
            place=Place(outcome, number, item.get("first_seen_at")),
        )

    @classmethod
    def of_article(cls, article: Article) -> Self:
        """Read a revision."""
        at = article.capture
        return cls(
            captured_at=str(article.captured_at),
            capture=at.key if at else "",
            offset=at.offset if at else 0,
            digest=article.digest,
            published_at=article.published_at,
            place=Place(Outcome.ARCHIVED, article.revision, article.first_seen_at),
        )


def place(version: Version, before: Version | None) -> Place:
    """Return the place of a capture after the revision before it."""
    if before is None:
        return Place(Outcome.ARCHIVED, 1, version.captured_at)
    if before.captured_at == version.captured_at or _says_the_same(before, version):
        return Place(Outcome.DUPLICATE if before.capture == version.capture else Outcome.UNCHANGED)
    return Place(Outcome.ARCHIVED, before.number + 1, before.place and before.place.first_seen_at)


def misplaced(versions: Iterable[Version], before: Version | None = None) -> list[tuple[Version, Place]]:
    """Return the captures after a revision that have another place than they should have, and that place.

    Those that are no revision any more come first: one of the same instant may take their item in the index.
    """
    wrong = []
    for version in sorted(versions, key=lambda version: version.order):
        wanted = place(version, before)
        if wanted != version.place:
            wrong.append((version, wanted))
        if wanted.revision:
            before = replace(version, place=wanted)
    return sorted(wrong, key=lambda each: each[1].revision or 0)


def is_broken(versions: Iterable[Version]) -> bool:
    """Return whether the numbers and first instants of a story's revisions, given all its captures, make no chain."""
    revisions = sorted((version for version in versions if version.number), key=lambda version: version.order)
    first_seen_at = revisions[0].captured_at if revisions else None
    wanted = [Place(Outcome.ARCHIVED, number + 1, first_seen_at) for number in range(len(revisions))]
    return [version.place for version in revisions] != wanted


def by_capture(wrong: Iterable[tuple[Version, Place]]) -> Iterator[tuple[str, dict[int, Place]]]:
    """Group places by the keys of their WARC files, in the order of the first of each."""
    found: dict[str, dict[int, Place]] = {}
    for version, wanted in wrong:
        found.setdefault(version.capture, {})[version.offset] = wanted
    yield from found.items()


def _says_the_same(before: Version, after: Version) -> bool:
    return before.digest == after.digest and same_date(before.published_at, after.published_at)


def same_date(before: str | None, after: str | None) -> bool:
    """Whether two dates of publication do not contradict each other.

    The second may say less: nothing, which is how it is where a page has no date of its own and was not found by its
    feed this time, or the day alone, the outlet's or UTC's. Two instants are the same within a minute, for some places
    of a page give the seconds and others don't. A date where there was none is another one.
    """
    if after is None or before == after:
        return True
    if before is None:
        return False
    days = [len(date) == len("yyyy-mm-dd") for date in (before, after)]
    if all(days):
        return False
    if any(days):
        day, instant = sorted((before, after), key=len)
        at = datetime.fromisoformat(instant)
        return day in {f"{at:%Y-%m-%d}", f"{at.astimezone(UTC):%Y-%m-%d}"}
    return abs(datetime.fromisoformat(before) - datetime.fromisoformat(after)) < timedelta(minutes=1)
