"""Revisions: distinguish new words, or another date, from repetitions.

A story's revision is compared with the one captured before it (``chain``), as far as that is archived; a capture
archived later is put in its place by ``placement``. Title, text and date of publication count; the rest of the page may
change.
"""

import dataclasses
from collections.abc import Iterable

from dateline.archive import numbering
from dateline.archive.numbering import Version
from dateline.article import Article, Outcome, Pointer
from dateline.index.index import Index


class Revisions:
    """Last revision of each story of one WARC file: from the index, and from earlier pages of the file.

    Ask in the order of capture. ``indexed_at`` is what new revisions get.
    """

    def __init__(self, index: Index, ids: Iterable[str], indexed_at: str) -> None:
        self._index = index
        self._current = index.current(ids)
        self._here: dict[str, Version] = {}
        self._indexed_at = indexed_at

    def settle(self, found: Article, captured_at: str, pointer: Pointer) -> tuple[Outcome, Article | None]:
        """The outcome of a page that is an article, and the revision to archive where it says something new."""
        article = dataclasses.replace(found, captured_at=captured_at, capture=pointer)
        outcome, number, first_seen_at = numbering.place(Version.of_article(article), self._before(found.id, article))
        if number is None:
            return outcome, None
        revision = dataclasses.replace(
            article, revision=number, first_seen_at=first_seen_at, indexed_at=self._indexed_at
        )
        self.keep(revision)
        return outcome, revision

    def withdrawn(self, id: str) -> bool:
        """Whether a story was withdrawn, and is not to be archived."""
        return "withdrawn_at" in self._current.get(id, {})

    def keep(self, revision: Article) -> None:
        """Have what comes later in the object compared with this revision."""
        self._here[revision.id] = Version.of_article(revision)

    def _before(self, id: str, article: Article) -> Version | None:
        """The last revision before a capture, in this object or another."""
        here, there = self._here.get(id), self._captured_before(id, article)
        return max((each for each in (there, here) if each), key=lambda each: each.captured_at, default=None)

    def _captured_before(self, id: str, article: Article) -> Version | None:
        """The revision before a capture in the index; not the capture itself, though another delivery indexed it."""
        current, at = self._current.get(id), str(article.captured_at)
        if current is None:
            return None
        if current["captured_at"] >= at:
            current = self._index.revision_before(id, at, but=article.capture.key if article.capture else None)
        return Version.of_item(current) if current else None
