"""Revisions: distinguish new words, or another date, from repetitions.

A capture is compared with the revision captured before it, in any order of archiving, so the same capture gets the same
answer at every attempt. Title, text and date of publication count; page furniture does not.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dateline.article import Article, Outcome, Pointer
from dateline.index.index import Index


class Revisions:
    """Last revision of each story of one WARC file: from the index, and from earlier pages of the file.

    ``indexed_at`` is for new revisions.
    """

    def __init__(self, index: Index, ids: Iterable[str], indexed_at: str) -> None:
        self._index = index
        self._current = index.current(ids)
        self._here: dict[str, Mapping[str, Any]] = {}
        self._indexed_at = indexed_at

    def settle(self, found: Article, captured_at: str, pointer: Pointer) -> tuple[Outcome, Article | None]:
        """Return the outcome of an article's page, and the revision to archive if it is new."""
        before = self._here.get(found.id)
        if before and _says_the_same(before, found):
            return Outcome.DUPLICATE, None
        before = before or self._captured_before(found.id, captured_at, pointer)
        if before and _says_the_same(before, found):
            return Outcome.UNCHANGED, None
        revision = dataclasses.replace(
            found,
            revision=int(before["revision"]) + 1 if before else 1,
            captured_at=captured_at,
            first_seen_at=before["first_seen_at"] if before else captured_at,
            indexed_at=self._indexed_at,
            capture=pointer,
        )
        self.keep(revision)
        return Outcome.ARCHIVED, revision

    def withdrawn(self, id: str) -> bool:
        """Whether a story was withdrawn, and is not to be archived."""
        return "withdrawn_at" in self._current.get(id, {})

    def keep(self, revision: Article) -> None:
        """Compare later pages of the file with this revision."""
        self._here[revision.id] = dataclasses.asdict(revision)

    def _captured_before(self, id: str, captured_at: str, pointer: Pointer) -> Mapping[str, Any] | None:
        """The revision before this capture; not this capture itself, though another delivery indexed it."""
        current = self._current.get(id)
        if current is None or current["captured_at"] < captured_at:
            return current
        itself = current["captured_at"] == captured_at and current["capture"]["key"] == pointer.key
        return (
            self._index.revision_before(id, captured_at) if itself or current["captured_at"] > captured_at else current
        )


def _says_the_same(before: Mapping[str, Any], found: Article) -> bool:
    return before["digest"] == found.digest and same_date(before.get("published_at"), found.published_at)


def same_date(before: str | None, after: str | None) -> bool:
    """Return whether two dates of publication agree.

    The second may be less precise: missing, as for an undated page found without its feed, or a day only, the outlet's
    or UTC's. Instants within a minute agree, because some places of a page omit seconds. A date after none is a new
    one.
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
