"""Compare one WARC file with everything derived from it."""

import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import TYPE_CHECKING, Any

from warcio.timeutils import iso_date_to_datetime

from dateline import instants
from dateline.archive.formats import read_outcomes
from dateline.article import Article, Outcome, content_digest
from dateline.aws import objects
from dateline.capture.fixity import WITHDRAWN, Record, records
from dateline.capture.gzip_members import Member, members
from dateline.capture.packs import Packs
from dateline.index import repeats
from dateline.index.story_items import entries
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.monitoring import counters
from dateline.outcomes import PageOutcome, Stored, articles_key, looks
from dateline.proofs.trees import hash_of
from dateline.verify.findings import Finding, Kind
from dateline.verify.spool import Looks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(slots=True)
class Holding:
    """The objects of one WARC file: itself, its outcomes, its articles, quarantine reports on its pages.

    ``modified`` is the date of the WARC file in S3 (UTC).
    """

    stem: Stem
    modified: date = date.min
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by their folders

    @property
    def objects(self) -> int:
        return sum(map(len, self.keys.values()))


@dataclass(slots=True)
class HeldPage:
    """A page of a WARC file: its main record and the records with it, as ``capture.read`` groups them."""

    record: Record
    length: int
    metadata: bool = False


class Examination:
    """Result for one holding. ``findings`` are its problems; the other fields are the source of index items.

    ``sound`` is False for damaged objects: index items without a source may then be right nevertheless.
    """

    def __init__(self, s3: "S3Client", holding: Holding, *, packs: Packs, captures: str, archive: str) -> None:
        self._s3, self._packs, self._capture_bucket, self._archive_bucket = s3, packs, captures, archive
        self.holding, self.stem = holding, holding.stem
        self.findings = list[Finding]()
        self.sound = True
        self.pages: dict[int, HeldPage] | None = None
        self._damaged = list[range]()
        self._withdrawn = set[int]()  # offsets of redacted records
        self.outcomes = list[PageOutcome]()
        self.stored = list[Stored]()
        self.leaves = list[bytes]()  # of its records, in daily trees
        if holding.keys[object_keys.CAPTURES]:
            self._read_capture()
        else:
            self._find(Kind.NO_CAPTURE, self._capture_bucket, self.stem.capture, "its outcomes and articles are there")
        if holding.keys[object_keys.OUTCOMES]:
            self._read_outcomes()
        else:
            self._find(Kind.NO_OUTCOMES, self._archive_bucket, self.stem.outcomes, "its pages have not been archived")
        if holding.keys[object_keys.OUTCOMES] and self.sound:
            self._compare_pages()
            self._read_articles()
            self._compare_quarantine()

    @property
    def read(self) -> bool:
        """Whether the outcomes of its pages are known."""
        return bool(self.outcomes)

    @property
    def sound_pages(self) -> int | None:
        """Number of pages of the WARC file, or None if it is damaged and pages may be hidden."""
        if self.pages is None or self._damaged:
            return None
        return len(self.pages) + sum(page.offset in self._withdrawn for page in self.outcomes)

    def looks(self) -> Iterator[tuple[str, Looks]]:
        """When each page was there, or was gone."""
        capture = self.stem.capture
        for id, at, gone in looks(self.outcomes):
            yield id, Looks(gone_at=at, gone_in=capture) if gone else Looks(seen_at=at, seen_in=capture)

    def entries(self) -> Iterator[Mapping[str, Any]]:
        """Return the index items derived from this WARC file alone."""
        yield from entries(self.stem, self.outcomes, self.stored)
        yield from repeats.expected(self.stem, self.outcomes)
        yield item_keys.done(self.stem.source, self.stem.capture) | {
            "counted": counters.of_pages(self.stem, self.outcomes)
        }

    def _find(
        self, kind: Kind, where: str, key: str, detail: str, offset: int | None = None, *, story: str = ""
    ) -> None:
        captures = (self.stem.capture,)
        self.findings.append(
            Finding(kind=kind, where=where, key=key, detail=detail, offset=offset, captures=captures, story=story)
        )
        self.sound = self.sound and kind not in _UNSOUND

    def _read_capture(self) -> None:
        try:
            body = self._packs.open(self.stem.capture)
        except self._s3.exceptions.NoSuchKey:
            self._find(Kind.NO_CAPTURE, self._capture_bucket, self.stem.capture, "its pack is missing")
            return
        self.pages, page, torn = {}, None, False
        for record in records(body, self._see):
            if record.is_page:
                self._check_metadata(page, torn)
                page, torn = HeldPage(record, record.length), False
                self.pages[record.offset] = page
            elif record.kind == WITHDRAWN:
                self._check_metadata(page, torn)
                page = None
                self._withdrawn.add(record.offset)
            elif page and record.renders(page.record):
                page.length = record.offset + record.length - page.record.offset
            elif page and record.kind == "metadata":
                page.metadata = True
            if record.flaw:
                torn = True
                self._find(Kind.DAMAGED_CAPTURE, self._capture_bucket, self.stem.capture, record.flaw, record.offset)
                self._damaged.append(range(record.offset, record.offset + record.length))
        self._check_metadata(page, torn)

    def _see(self, record: bytes) -> None:
        place_and_leaf = hash_of(record)
        if place_and_leaf and place_and_leaf[1]:
            self.leaves.append(place_and_leaf[1])

    def _check_metadata(self, page: HeldPage | None, torn: bool) -> None:
        if page and not page.metadata and not torn:
            detail = f"the metadata record of {page.record.url} is missing"
            self._find(Kind.DAMAGED_CAPTURE, self._capture_bucket, self.stem.capture, detail, page.record.offset)

    def _read_outcomes(self) -> None:
        key = self.stem.outcomes
        body = objects.get(self._s3, bucket=self._archive_bucket, key=key) or b""
        for member in members(io.BytesIO(body), begins=b"{"):
            if member.flaw:
                self._find(Kind.DAMAGED_OUTCOMES, self._archive_bucket, key, member.flaw, member.offset)
                return
        try:
            self.outcomes = read_outcomes(body)
        except (KeyError, TypeError, ValueError) as error:
            self._find(Kind.DAMAGED_OUTCOMES, self._archive_bucket, key, f"a line is not an outcome: {error}")

    def _compare_pages(self) -> None:
        """The pages of the capture against the outcomes."""
        if self.pages is None:
            return
        outcomes = {page.offset: page for page in self.outcomes if page.length}
        unread = [page.offset for page in self.outcomes if not page.length]  # unreadable rests of damaged files
        for offset, page in self.pages.items():
            if offset not in outcomes and not any(offset >= start for start in unread):
                self._belied(f"there is none of {page.record.url}", offset)
        for offset, outcome in outcomes.items():
            if outcome.is_withdrawn and offset in self.pages:
                self._not_removed(self._capture_bucket, self.stem.capture, outcome)
            elif offset in self._withdrawn and not outcome.is_withdrawn:
                self._not_removed(self._archive_bucket, self.stem.outcomes, outcome)
            elif offset in self.pages:
                self._compare_page(outcome, self.pages[offset])
            elif offset not in self._withdrawn and not any(offset in damaged for damaged in self._damaged):
                detail = f"it has no record of {outcome.url}"
                self._find(Kind.DAMAGED_CAPTURE, self._capture_bucket, self.stem.capture, detail, offset)

    def _compare_page(self, outcome: PageOutcome, page: HeldPage) -> None:
        date = iso_date_to_datetime(page.record.date).replace(tzinfo=UTC)
        has = {"url": page.record.url, "length": page.length, "captured_at": instants.utc(date)}
        for name, value in has.items():
            if getattr(outcome, name) != value:
                self._belied(f"{name} is {getattr(outcome, name)!r}, and the capture has {value!r}", outcome.offset)

    def _not_removed(self, where: str, key: str, page: PageOutcome) -> None:
        self._find(Kind.NOT_REMOVED, where, key, f"{page.url} was withdrawn", page.offset, story=page.id)

    def _belied(self, detail: str, offset: int) -> None:
        self._find(Kind.WRONG_OUTCOMES, self._archive_bucket, self.stem.outcomes, detail, offset)

    def _read_articles(self) -> None:
        archived = {(page.id, page.captured_at): page for page in self.outcomes if page.outcome is Outcome.ARCHIVED}
        key = articles_key(self.stem, self.outcomes) if archived else None
        for other in sorted(self.holding.keys[object_keys.ARTICLES] - {key}):
            detail = f"{self.stem.outcomes} names another" if archived else "the outcomes have no article"
            self._find(Kind.ORPHAN_ARTICLES, self._archive_bucket, other, detail)
        if key and key not in self.holding.keys[object_keys.ARTICLES]:
            self._find(Kind.NO_ARTICLES, self._archive_bucket, key, f"{len(archived)} articles should be in it")
        elif key:
            body = objects.get(self._s3, bucket=self._archive_bucket, key=key) or b""
            for member in members(io.BytesIO(body), begins=b"{"):
                self._read_article(key, member, archived)
            for page in archived.values():  # the remaining ones
                self._find(Kind.WRONG_ARTICLES, self._archive_bucket, key, f"the article of {page.url} is not in it")

    def _read_article(self, key: str, member: Member, archived: dict[tuple[str, str], PageOutcome]) -> None:
        """Compare one article with its outcome, and remove the outcome from the remaining ones."""
        if member.flaw:
            self._find(Kind.DAMAGED_ARTICLES, self._archive_bucket, key, member.flaw, member.offset)
            return
        try:
            article = Article.from_dict(json.loads(member.data))
        except (KeyError, TypeError, ValueError) as error:
            self._find(
                Kind.DAMAGED_ARTICLES, self._archive_bucket, key, f"a line is not an article: {error}", member.offset
            )
            return
        outcome = archived.pop((article.id, str(article.captured_at)), None)
        self.stored.append(Stored(article, member.offset, member.length))
        for detail in self._doubts(article, outcome):
            self._find(Kind.WRONG_ARTICLES, self._archive_bucket, key, detail, member.offset)

    def _doubts(self, article: Article, outcome: PageOutcome | None) -> Iterator[str]:
        """Yield contradictions between an article, its outcome, its capture, and its own fields."""
        if article.digest != content_digest(article.title, article.text):
            yield f"the digest of {article.id} does not match its words"
        if outcome is None:
            yield f"no outcome of a page is the article {article.id} of {article.captured_at}"
            return
        if article.revision != outcome.revision:
            yield f"{article.id} is revision {article.revision}, and its outcome says {outcome.revision}"
        at = article.capture
        if at is None or (at.key, at.offset, at.length) != (self.stem.capture, outcome.offset, outcome.length):
            yield f"{article.id} does not point at the record of its page"
        elif self.pages and (page := self.pages.get(at.offset)) and page.record.payload_digest != at.payload_digest:
            yield f"{article.id} has the payload digest {at.payload_digest}, and its page {page.record.payload_digest}"

    def _compare_quarantine(self) -> None:
        pages = {object_keys.quarantine(self.stem, page.offset): page for page in self.outcomes}
        for key in sorted(self.holding.keys[object_keys.QUARANTINE] - pages.keys()):
            self._find(Kind.ORPHAN_QUARANTINE, self._archive_bucket, key, "there is no page at that offset")
        for key, page in pages.items():
            if page.outcome is Outcome.QUARANTINED and key not in self.holding.keys[object_keys.QUARANTINE]:
                self._find(Kind.NO_QUARANTINE, self._archive_bucket, key, f"{page.url} is quarantined: {page.reason}")


_UNSOUND = {Kind.NO_OUTCOMES, Kind.DAMAGED_OUTCOMES, Kind.NO_ARTICLES, Kind.DAMAGED_ARTICLES, Kind.WRONG_ARTICLES}
