"""What the reading room reads: stories, search, sources and reports of a deployed archive."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from dateline.api.archive import Archive, NotFoundError
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.capture import Capture
from dateline.keys import object_keys
from dateline.proofs.bundle import prove
from dateline.query.query import Query
from dateline.search.watching import watches
from dateline.search.watching.watches import Hit, Watch
from dateline.story import Story, StoryItem

if TYPE_CHECKING:
    from dateline.search.query.find import Search
    from dateline.sources.registry import Source


@dataclass(frozen=True)
class Library:
    """An archive and its registered sources; ``search`` is called once a query needs it."""

    deployment: Deployment
    search: "Callable[[], Search]"
    registered: "Callable[[], Mapping[str, Source]]" = field(default=dict)

    @cached_property
    def query(self) -> Query:
        return Query(self.deployment)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.query, self.search)

    @cached_property
    def sources(self) -> "Mapping[str, Source]":
        """The registered sources by id."""
        return self.registered()

    def outlet(self, source: str | None) -> str:
        """Return the name of a source, or its id if it is not registered."""
        found = self.sources.get(source or "")
        return found.name if found else source or ""

    def stories(self, ids: Sequence[str]) -> list[Story]:
        """Return stories as they are now, in this order, without withdrawn ones: one read for each hundred."""
        return [Story.from_item(item) for item in self.query.current(ids) if "withdrawn_at" not in item]

    def capture(self, story: Story) -> Capture:
        """Return the captured page of a revision: one range GET. Raises NotFoundError or DamagedCaptureError."""
        return self.query.raw(self._captured(story))

    def records(self, story: Story) -> bytes:
        """Return the WARC records of a revision's capture as stored, each its own gzip member."""
        return self.query.records(self._captured(story)).data

    def sealed(self, story: Story) -> str | None:
        """Return the day (ISO 8601) by whose signed tree a revision's records are proved, or None before it is made.

        The records are in the tree of that day or of one before.
        """
        day = story.indexed_at[:10]
        root = object_keys.proof(day, "root.json") if story.capture else ""
        there = root and objects.get(self.deployment.s3, bucket=self.deployment.capture_bucket, key=root)
        return day if there else None

    def proof(self, story: Story) -> bytes:
        """Return the proof of a revision, a zip file. Raises NotFoundError, NotStampedError or DamagedCaptureError."""
        self._captured(story)
        item = next(each for each in self.query.revisions(story.id) if int(each["revision"]) == story.revision)
        return prove(self.deployment.s3, self.deployment.capture_bucket, self.query, [item])

    def watches(self) -> list[Watch]:
        """Return the kept searches by name."""
        return watches.read(self.deployment.s3, self.deployment.archive_bucket)

    def hits(self, watch: str, before: str | None, limit: int) -> tuple[list[tuple[Hit, Story]], str | None]:
        """Return the last hits of a watch with their stories as they are now, and the key of the page's last hit.

        Withdrawn stories are left out; the key is None on the last page.
        """
        found = watches.hits(self.deployment.table, watch, before=before, limit=limit + 1)
        there = {story.id: story for story in self.stories(list(dict.fromkeys(hit.id for hit in found)))}
        page = [(hit, there[hit.id]) for hit in found[:limit] if hit.id in there]
        return page, found[limit - 1].key if len(found) > limit else None

    def coverage_days(self) -> list[str]:
        """Return the days with a coverage report (ISO 8601), in order."""
        body = self._report(object_keys.COVERAGE_INDEX)
        return sorted(json.loads(body or b"{}"))

    def coverage(self, day: str) -> list[dict[str, Any]]:
        """Return the rows of a day's coverage report, one for each source."""
        body = self._report(object_keys.coverage_report(day))
        return list(json.loads(body)["sources"]) if body else []

    def edits(self, before: str | None, *, scanned: int) -> Iterator[tuple[Story, bool]]:
        """Yield the last indexed stories backwards, each with whether its words changed or its page is gone.

        ``before`` is a ``Story.cursor``; the number of stories read is limited.
        """
        for item in islice(self.query.latest_indexed(before), scanned):
            if "withdrawn_at" not in item:
                story = Story.from_item(item)
                yield story, story.revision > 1 or story.gone_at is not None

    def _report(self, key: str) -> bytes | None:
        return objects.get(self.deployment.s3, bucket=self.deployment.archive_bucket, key=key)

    def _captured(self, story: Story) -> StoryItem:
        if story.capture is None:
            raise NotFoundError(f"the story {story.id} has no capture")
        return StoryItem(capture=story.capture.to_item())
