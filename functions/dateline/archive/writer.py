"""Archive a WARC file: one articles object, one outcome per page, and the index after them.

It is safe to kill anywhere (``store``): before the commit nothing points at the articles, and the next attempt takes up
what it finds. A capture may be archived after later ones of the same stories; these are placed again (``placement``).
The capture counts as done after that, so a killed attempt is repeated.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from dateline import instants
from dateline.archive.examiner import Examiner, Extract
from dateline.archive.former_ids import FormerIds
from dateline.archive.placement import Placement
from dateline.archive.revisions import Revisions
from dateline.archive.store import Archived, ArchiveStore, named
from dateline.article import Outcome
from dateline.aws.deployment import Deployment
from dateline.index.index import Index
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome, articles_key


class ArchiveWriter:
    """Turns WARC files into articles, outcomes and index items.

    ``extract`` returns an ``Extraction`` for a page; ``clock`` gives the aware instant for ``indexed_at``. The parts
    are public for re-extraction.
    """

    def __init__(
        self,
        *,
        deployment: Deployment,
        index: Index,
        extract: Extract,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.deployment, self.index, self.clock = deployment, index, clock
        self.store = ArchiveStore(deployment, index)
        self.examiner = Examiner(deployment, extract)
        self.placement = Placement(store=self.store, examiner=self.examiner, index=index, clock=clock)

    def add(self, key: str, *, again: bool = True) -> list[PageOutcome]:
        """Archive and index the WARC file ``key``; return its outcomes, or none if that was done before.

        Without ``again`` nobody has begun, as far as the caller knows: two requests to S3 less.
        """
        stem = object_keys.parse(key)
        if self.index.counters.is_done(stem.source, stem.capture):
            return []
        begun = self.store.committed(stem) if again else None
        archived = begun or self._commit(stem, again=again)
        new = self.index.add(stem, archived.outcomes, archived.articles)
        if not archived.ours:
            self.placement.index_later_captures(stem, archived.outcomes)
        while True:
            self.placement.place_later_captures(page for page in archived.outcomes if page.id not in new)
            self.index.count_pages(stem, archived.outcomes)
            if self.store.is_settled(stem, archived):
                return archived.outcomes
            before, archived = archived, self.store.settled(stem)
            self.index.replace(stem, archived.outcomes, archived.articles, [each.article for each in before.articles])

    def _commit(self, stem: Stem, *, again: bool) -> Archived:
        pages = list(self.examiner.pages(stem))
        former = FormerIds(self.index, pages)
        extracted = [(captured, former.of_story(extraction)) for captured, extraction in pages]
        ids = [extraction.article.id for _, extraction in extracted if extraction.article]
        revisions = Revisions(self.index, ids, instants.utc(self.clock()))
        in_order = sorted(extracted, key=lambda each: (each[0].captured_at, each[0].offset))
        decided = {page[0].offset: self.examiner.decide(stem, revisions, *page) for page in in_order}
        articles = [article for captured, _ in extracted if (article := decided[captured.offset].article)]
        left = self.store.articles_keys(stem) if articles and again else set()
        name, stored = None, b""
        if articles:
            name, stored = self.store.put_articles(stem, self.index.clusters.place(articles), left)
        outcomes = [*map(former.of_page, named((decided[captured.offset] for captured, _ in extracted), name))]
        for page in outcomes:
            if page.outcome is Outcome.QUARANTINED:
                self.store.quarantine(stem, page)
        archived = self.store.commit(stem, outcomes, stored)
        over = {*left, stem.extracted(name)} - {articles_key(stem, archived.outcomes)} if articles else set()
        self.store.delete(over)
        return archived
