"""Placement: put the captures of a story in their places, after one of them was archived late or extracted again.

A capture may be archived after later ones of the same stories. Then these are placed again (``chain``): their articles
get other numbers, or are no revisions any more, or become some. Their outcomes objects are replaced, on the condition
that they are what was read; the index follows.
"""

import dataclasses
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from dateline import instants
from dateline.archive import numbering
from dateline.archive.examiner import Examiner
from dateline.archive.formats import content_name
from dateline.archive.numbering import Place, Version
from dateline.archive.store import ArchiveStore, Decided, articles_of, by_offset, named
from dateline.article import Article, Outcome
from dateline.index.index import Index
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome, is_of_chain


class Placement:
    """Rewrites the committed results of WARC files with misplaced captures."""

    def __init__(self, *, store: ArchiveStore, examiner: Examiner, index: Index, clock: Callable[[], datetime]) -> None:
        self._store, self._examiner, self._index, self._clock = store, examiner, index, clock

    def place_later_captures(self, outcomes: Iterable[PageOutcome]) -> None:
        """Put the captures of these pages' stories in their places, from these pages on."""
        for id, at in _since(outcomes).items():
            self.place_story(id, at)

    def index_later_captures(self, stem: Stem, outcomes: Iterable[PageOutcome]) -> None:
        """Finish what a killed attempt began: bring the index to what is committed of the stories' later captures."""
        later = {
            str(item["capture"]["key"])
            for id, at in _since(outcomes).items()
            for item in self._index.versions(id, at)[1]
            if "capture" in item
        }
        for key in sorted(later - {stem.capture}):
            self._reindex(object_keys.parse(key))

    def place_story(self, id: str, since: str, read: Callable[[Mapping[str, Any]], Version] = Version.of_item) -> None:
        """Put a story's captures from an instant on in their places, until each is where it should be.

        ``read`` makes a version of an item of the table.
        """
        while True:
            before, found = self._index.versions(id, since)
            wrong = numbering.misplaced(map(read, found), read(before) if before else None)
            if not wrong:
                return
            for key, places in numbering.by_capture(wrong):
                self._rewrite(object_keys.parse(key), id, places)

    def _rewrite(self, stem: Stem, id: str, places: Mapping[int, Place]) -> None:
        """Give some pages of a WARC file, by the offsets of their records, their places in a story's chain."""
        settled = self._store.settled(stem)
        decided = by_offset(settled)
        unread = {
            offset
            for offset, wanted in places.items()
            if wanted.revision and offset in decided and not decided[offset].article
        }
        found = {at.offset: article for article in self._found(stem, unread) if (at := article.capture)}
        for offset, wanted in places.items():
            if offset in decided and decided[offset].page.id == id:
                decided[offset] = self._placed(decided[offset], wanted, found.get(offset))
        articles = articles_of(decided)
        self._store.replace(stem, settled, named(decided.values(), content_name(articles)), articles)
        self._reindex(stem)

    def _reindex(self, stem: Stem) -> None:
        self._store.delete(self._store.index(stem, self._store.settled(stem)))

    def _found(self, stem: Stem, offsets: Container[int]) -> Iterator[Article]:
        """The articles of pages that made no revision when they were archived."""
        for captured, extraction in self._examiner.pages(stem, offsets) if offsets else ():
            if extraction.article:
                yield dataclasses.replace(
                    extraction.article,
                    captured_at=instants.utc(captured.captured_at),
                    indexed_at=instants.utc(self._clock()),
                    capture=self._examiner.pointer(stem, captured),
                )

    def _placed(self, was: Decided, wanted: Place, found: Article | None) -> Decided:
        """A page in its place; ``found`` is what extraction makes of one that was no revision.

        Where the present extractor finds no such story, the page is left out of the chain.
        """
        article = was.article or (found if found and found.id == was.page.id else None)
        page = dataclasses.replace(was.page, revision=wanted.revision, digest=None, published_at=None)
        if wanted.revision and article:
            numbered = dataclasses.replace(article, revision=wanted.revision, first_seen_at=wanted.first_seen_at)
            new = numbered if was.article else self._index.clusters.place([numbered])[0]
            return Decided(dataclasses.replace(page, outcome=Outcome.ARCHIVED), new)
        if wanted.revision:
            return Decided(dataclasses.replace(page, revision=None), None)
        said = article or was.page
        page = dataclasses.replace(page, digest=said.digest, published_at=said.published_at)
        return Decided(dataclasses.replace(page, outcome=wanted.outcome), None)


def _since(outcomes: Iterable[PageOutcome]) -> dict[str, str]:
    """Return the first instant of each story among some pages, by its id."""
    since: dict[str, str] = {}
    for page in outcomes:
        if is_of_chain(page):
            since[page.id] = min(page.captured_at, since.get(page.id, page.captured_at))
    return since
