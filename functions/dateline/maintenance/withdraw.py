"""Withdraw a story from the index, from the articles, and from the captures, byte for byte, in every version.

The tombstone (``withdrawals``) is written first; everything else follows from it and can be repeated: the same command
continues a killed run. WARC files are write-once, so a file with pages of the story is deleted in all versions and
written again, with all other records at their old offsets; the new bytes are first stored beside it, so a kill in
between loses nothing.

Finding pages and removing them is by WARC file: in the stack, many of a source's months at once (``shards``).
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from dateline import capture, instants
from dateline.archive.formats import read_outcomes
from dateline.archive.store import ArchiveStore, Decided, articles_of, by_offset, named_by_run
from dateline.article import Outcome
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.aws.prefetch import ahead
from dateline.capture import DamagedCaptureError
from dateline.capture.packs import Packs
from dateline.capture.redaction import without
from dateline.dataset.progress import forget
from dateline.index.index import Index
from dateline.index.withdrawals import Withdrawal, Withdrawn
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.reextract import ReextractionReport
from dateline.outcomes import WITHDRAWN, PageOutcome, own_id
from dateline.proofs.trees import leaves_of
from dateline.state.crawl_state import CrawlState
from dateline.state.pages import url_states
from dateline.urls import identity, is_identity


class FoundPage(NamedTuple):
    """A page of the story: its WARC file, the location of its record, and its URL and time of capture."""

    key: str
    offset: int
    length: int
    url: str
    captured_at: str


@dataclass(frozen=True, slots=True)
class Found:
    """Pages of a story in any outcome, of a source or of its month.

    ``ids`` are the story ids of the pages' own URLs, ``urls`` the requested and final canonical URLs, ``leaves`` the
    hashes of the leaves of records that are still there.
    """

    pages: list[FoundPage] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        self.pages.extend(other.pages)
        self.ids.extend(other.ids)
        self.urls.extend(other.urls)
        self.leaves.extend(other.leaves)

    def others(self, id: str) -> list[str]:
        """Return the other ids of the story's URLs: more of its pages may have them."""
        return sorted({*self.ids} - {id})

    def by_file(self) -> dict[Stem, list[FoundPage]]:
        found = dict[Stem, list[FoundPage]]()
        for page in self.pages:
            found.setdefault(object_keys.parse(page.key), []).append(page)
        return found

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        pages = [FoundPage(*page) for page in values["pages"]]
        return cls(pages, *([*values[name]] for name in ("ids", "urls", "leaves")))


@dataclass(frozen=True, slots=True)
class Locked:
    """A WARC file with locked bytes, and the end of the lock or its reason."""

    key: str
    until: str


@dataclass(slots=True)
class Done:
    """Result of a withdrawal; ``locked`` are WARC files that still have the story."""

    withdrawal: Withdrawal
    captures: int = 0
    locked: list[Locked] = field(default_factory=list)


class Withdrawing:
    """``clock`` gives the aware instant of now."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._s3, self._clock = deployment.s3, clock
        self._capture_bucket, self._archive_bucket = deployment.capture_bucket, deployment.archive_bucket
        self._index, self._state = Index(deployment.table), CrawlState(deployment)
        self._packs = Packs(deployment.s3, deployment.capture_bucket)
        self._store = ArchiveStore(deployment, self._index)

    def withdraw(
        self, story: Mapping[str, Any], reason: str, progress: Callable[[int, int], None] = lambda *_: None
    ) -> Done:
        """Withdraw a story, given its CURRENT item; ``progress`` gets the numbers of finished and total WARC files.

        A repeated withdrawal keeps its first reason and removes captures made since.
        """
        id, source = str(story["id"]), str(story["source"])
        found = self.find(source, [id])
        if others := found.others(id):
            found = self.find(source, [id, *others])
        done, run = Done(self.begin(story, reason, found)), crawl_names.crawl_name(self._clock(), "withdraw")
        files = found.by_file()
        for stem, pages in files.items():
            done.locked.extend(self.remove(stem, pages, id, run))
            done.captures += 1
            progress(done.captures, len(files))
        self.finish()
        return done

    def find(self, source: str, ids: Sequence[str], month: str = "") -> Found:
        """Return the pages of a story in a source's WARC files of a month (``yyyy-mm``), or of all.

        The first of ``ids`` is the story's; URLs with one of the others lead to it, whatever the page was.
        """
        id, others = ids[0], {*ids[1:]}
        prefix = f"{object_keys.folder(object_keys.OUTCOMES, source)}{month.replace('-', '/')}"
        listed = objects.keys(self._s3, bucket=self._archive_bucket, prefix=prefix)
        found = Found()
        for stem, outcomes in ahead(self._outcomes, map(object_keys.parse, listed)):
            if pages := [page for page in outcomes if page.id == id or own_id(page) in others]:
                found.add(self._found(stem, pages, id))
        return found

    def begin(self, story: Mapping[str, Any], reason: str, found: Found) -> Withdrawal:
        """Write the tombstone, take the story out of the index, and have no crawl request it again."""
        withdrawal = self._write_down(story, reason, found)
        self._index.withdraw(withdrawal)
        self._state.save_urls(withdrawal.states)
        return withdrawal

    def remove(self, stem: Stem, pages: Sequence[FoundPage], id: str, run: str) -> list[Locked]:
        """Remove a story's pages from a WARC file and its articles and reports; return locked files."""
        offsets = {page.offset for page in pages}
        self._withdraw_articles(stem, offsets, run)
        self._scrub_reports(stem, pages)
        return [*self._replace_capture(stem, offsets, id)]

    def finish(self) -> None:
        """Have the dataset compared with what is left of the articles."""
        forget(self._s3, self._archive_bucket)

    def _outcomes(self, stem: Stem) -> tuple[Stem, list[PageOutcome]]:
        return stem, read_outcomes(objects.get(self._s3, bucket=self._archive_bucket, key=stem.outcomes) or b"")

    def _found(self, stem: Stem, pages: Sequence[PageOutcome], id: str) -> Found:
        data, offsets = self._packs.get(stem.capture) or b"", {page.offset for page in pages}
        urls = {identity(page.url) for page in pages if is_identity(page.url)}
        with suppress(DamagedCaptureError):  # unreadable reports have no pointers
            for page in capture.read(io.BytesIO(data)):
                if page.offset in offsets:
                    urls.update(state.url for state in url_states(page))
        left = without(data, stem.capture, offsets, id)
        before, after = ({leaf for _, leaf in leaves_of(io.BytesIO(each)).leaves} for each in (data, left))
        return Found(
            [FoundPage(stem.capture, page.offset, page.length, page.url, page.captured_at) for page in pages],
            sorted({*map(own_id, pages)}),
            sorted(urls),
            sorted(leaf.hex() for leaf in before - after),
        )

    def _write_down(self, story: Mapping[str, Any], reason: str, found: Found) -> Withdrawal:
        """Write and return the tombstone, merged with an earlier one."""
        id, key = str(story["id"]), object_keys.withdrawal(str(story["id"]))
        known, etag = objects.get_tagged(self._s3, bucket=self._capture_bucket, key=key)
        before = (
            Withdrawal.from_json(known)
            if known
            else Withdrawal(
                id=id,
                url=str(story["url"]),
                source=str(story["source"]),
                reason=reason,
                withdrawn_at=instants.utc(self._clock()),
            )
        )
        gone = {Withdrawn(page.key, page.offset, page.length) for page in found.pages}
        withdrawal = replace(
            before,
            urls=tuple(sorted({identity(before.url), *before.urls, *found.urls})),
            pages=tuple(sorted({*before.pages, *gone})),
            leaves=tuple(sorted({*before.leaves, *found.leaves})),
        )
        if known is None:
            objects.put_once(self._s3, bucket=self._capture_bucket, key=key, body=withdrawal.to_json())
        elif withdrawal != before:
            objects.put_over(self._s3, bucket=self._capture_bucket, key=key, body=withdrawal.to_json(), etag=etag)
        return withdrawal

    def _withdraw_articles(self, stem: Stem, offsets: set[int], run: str) -> None:
        """Make the pages at these offsets of a WARC file no articles, whatever they were; extract nothing."""
        while True:
            settled = self._store.settled(stem)
            decided = {
                offset: Decided(_withdrawn(each.page), None) if offset in offsets else each
                for offset, each in by_offset(settled).items()
            }
            articles = articles_of(decided)
            if self._store.replace(stem, settled, named_by_run(run, settled, decided, articles), articles):
                break
        settled = self._store.settled(stem)
        self._store.delete(self._store.index(stem, settled))
        self._store.update_quarantine(stem, settled, offsets, run)

    def _scrub_reports(self, stem: Stem, pages: Sequence[FoundPage]) -> None:
        """Remove the pages' words from re-extraction reports."""
        gone = {(page.url, page.captured_at) for page in pages}
        for run in objects.folders(self._s3, self._archive_bucket, object_keys.REEXTRACTIONS):
            where = object_keys.reextraction(run, stem)
            if data := objects.get(self._s3, bucket=self._archive_bucket, key=where):
                report = ReextractionReport.from_json(data)
                left = tuple(each for each in report.changes if (each.url, each.captured_at) not in gone)
                if left != report.changes:
                    body = replace(report, changes=left).to_json()
                    self._s3.put_object(Bucket=self._archive_bucket, Key=where, Body=body)

    def _replace_capture(self, stem: Stem, offsets: set[int], id: str) -> Iterator[Locked]:
        """Replace a WARC file, and the pack that it is in, by one without these pages, or return the obstacle."""
        yield from self._replace(stem.capture, lambda data: without(data, stem.capture, offsets, id))
        if packed := self._packs.find(stem.capture):
            manifest, file = packed
            places = {file.at(offset) for offset in offsets}
            yield from self._replace(manifest.key, lambda data: without(data, manifest.key, places, id))

    def _replace(self, key: str, redacted: Callable[[bytes], bytes]) -> Iterator[Locked]:
        """Replace an object by a redacted one in all versions, or return the obstacle."""
        beside = object_keys.withdrawing(key)
        there = objects.get(self._s3, bucket=self._capture_bucket, key=key)
        data = there or objects.get(self._s3, bucket=self._capture_bucket, key=beside)
        if data is None:
            return
        body = redacted(data)
        over = [version for version in self._versions(key) if there != body or not version.latest]
        if locks := [version.lock for version in over if version.lock]:
            yield Locked(key, max(locks))
            return
        if there != body:
            self._s3.put_object(Bucket=self._capture_bucket, Key=beside, Body=body)
        self._delete(key, over)
        if there != body:
            objects.put_once(self._s3, bucket=self._capture_bucket, key=key, body=body)
        self._delete(beside, list(self._versions(beside)))

    def _versions(self, key: str) -> Iterator["_Version"]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._capture_bucket, Prefix=key)
        for page in pages:
            for found in page.get("Versions", []):
                if found["Key"] == key:
                    yield self._version(key, found["VersionId"], latest=found["IsLatest"])
            for marker in page.get("DeleteMarkers", []):
                if marker["Key"] == key:
                    yield _Version(marker["VersionId"], latest=marker["IsLatest"])

    def _version(self, key: str, id: str, *, latest: bool) -> "_Version":
        head = self._s3.head_object(Bucket=self._capture_bucket, Key=key, VersionId=id)
        mode, until = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
        lock = "its legal hold is lifted" if head.get("ObjectLockLegalHoldStatus") == "ON" else ""
        if mode == "COMPLIANCE" and until and until > self._clock():
            lock = instants.utc(until, "seconds")
        return _Version(id, latest, lock, governed=mode == "GOVERNANCE")

    def _delete(self, key: str, versions: Sequence["_Version"]) -> None:
        for version in versions:
            bypass: Any = {"BypassGovernanceRetention": True} if version.governed else {}
            self._s3.delete_object(Bucket=self._capture_bucket, Key=key, VersionId=version.id, **bypass)


class _Version(NamedTuple):
    """A version of an object; ``lock`` is the end of its lock, ``governed`` a lock that privileged users may bypass."""

    id: str
    latest: bool
    lock: str = ""
    governed: bool = False


def _withdrawn(page: PageOutcome) -> PageOutcome:
    return replace(
        page,
        outcome=Outcome.NOT_ARTICLE,
        reason=WITHDRAWN,
        revision=None,
        rules_missed=(),
        digest=None,
        published_at=None,
    )
