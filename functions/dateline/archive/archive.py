"""The archive: turn a WARC file into one articles object and one outcome per page.

The order of writes makes it safe against kills: first the articles object, then the outcomes object, each only if it
does not exist. Writing the outcomes object commits the WARC file; the index derives from the two. Before the commit
nothing points at the articles, and the next attempt reuses them.
"""

import dataclasses
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dateline import capture, keys
from dateline.archive import quarantine
from dateline.archive.revisions import Revisions
from dateline.article import Article, Extraction, Outcome, Pointer
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.capture import Capture, DamagedCaptureError
from dateline.index.index import Index
from dateline.outcomes import WITHDRAWN, PageOutcome, Stored, articles_key
from dateline.page import Page
from dateline.similarity import minhash
from dateline.urls import identity

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


GONE = (404, 410)
_REVISIT = "the server sent what an earlier capture has"


class Archived(NamedTuple):
    """Result of a WARC file; ``etag`` and ``digest`` (sha256, hex) belong to its outcomes object."""

    outcomes: list[PageOutcome]
    articles: list[Stored]
    etag: str = ""
    digest: str = ""


class Archive:
    """Turns WARC files into articles, outcomes and index items.

    ``extract`` returns an ``Extraction`` for a page; ``clock`` gives the aware instant for ``indexed_at``.
    """

    def __init__(
        self,
        *,
        deployment: Deployment,
        index: Index,
        extract: Callable[[Page], Extraction],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._s3, self._index = deployment.s3, index
        self._captures, self._archive = deployment.capture_bucket, deployment.archive_bucket
        self._extract, self._clock = extract, clock

    def add(self, key: str) -> list[PageOutcome]:
        """Archive and index the WARC file ``key``; return its outcomes, or none if that was done before."""
        stem = keys.parse(key)
        if self._index.counters.is_done(stem.source, stem.capture):
            return []
        archived = committed(self._s3, self._archive, stem) or self._commit(stem)
        self._index.apply(stem, archived.outcomes, archived.articles)
        return archived.outcomes

    def _commit(self, stem: keys.Stem) -> Archived:
        extracted = list(self._extracted(stem))
        ids = [extraction.article.id for _, extraction in extracted if extraction.article]
        revisions = Revisions(self._index, ids, keys.utc(self._clock()))
        decided = [self._decide(stem, revisions, *page) for page in extracted]
        articles = self._put_articles(stem, self._index.clusters.place([article for _, article in decided if article]))
        outcomes = [outcome for outcome, _ in decided]
        for page in outcomes:
            if page.outcome is Outcome.QUARANTINED:
                self._quarantine(stem, page)
        objects.put_once(self._s3, bucket=self._archive, key=stem.outcomes, body=write_outcomes(outcomes))
        return committed(self._s3, self._archive, stem) or Archived(outcomes, articles)

    def _extracted(self, stem: keys.Stem, only: Container[int] | None = None) -> Iterator[tuple[Capture, Extraction]]:
        """Return the extraction of each page, or of ``only`` the records at these offsets."""
        body = self._s3.get_object(Bucket=self._captures, Key=stem.capture)["Body"]
        try:
            for captured in capture.read(body, keys.crawl_time(stem.crawl)):
                if only is None or captured.offset in only:
                    extraction = self._examine(captured)
                    yield dataclasses.replace(captured, body=b""), extraction  # bodies are large, and not wanted again
        except DamagedCaptureError as error:
            rest = Capture(
                url=f"s3://{self._captures}/{stem.capture}",
                captured_at=keys.crawl_time(stem.crawl),
                status=0,
                content_type="",
                body=b"",
                offset=error.offset,
                length=0,
            )
            if only is None or rest.offset in only:
                yield rest, Extraction(Outcome.QUARANTINED, reason=str(error))

    def _examine(self, captured: Capture) -> Extraction:
        extraction = _without_extraction(captured) or self._extract(captured.page())
        return extraction._replace(article=extraction.article and _signed(extraction.article))

    def _decide(
        self, stem: keys.Stem, revisions: Revisions, captured: Capture, extraction: Extraction
    ) -> tuple[PageOutcome, Article | None]:
        outcome, article = extraction.outcome, None
        if extraction.article and revisions.withdrawn(extraction.article.id):
            outcome, extraction = Outcome.NOT_ARTICLE, extraction._replace(reason=WITHDRAWN)
        elif extraction.article:
            pointer = self._pointer(stem, captured)
            outcome, article = revisions.settle(extraction.article, keys.utc(captured.captured_at), pointer)
        return self._page(captured, extraction, outcome, article), article

    def _pointer(self, stem: keys.Stem, captured: Capture) -> Pointer:
        where, digest = (captured.offset, captured.length), captured.payload_digest
        return Pointer(self._captures, stem.capture, *where, digest, captured.status)

    def _page(
        self, captured: Capture, extraction: Extraction, outcome: Outcome, article: Article | None
    ) -> PageOutcome:
        return PageOutcome(
            url=captured.url,
            id=extraction.article.id if extraction.article else self._id(captured.url),
            outcome=outcome,
            captured_at=keys.utc(captured.captured_at),
            offset=captured.offset,
            length=captured.length,
            status=captured.status,
            reason=extraction.reason,
            revision=article.revision if article else None,
            rules_missed=extraction.rules_missed,
        )

    def _id(self, url: str) -> str:
        """Return the id of the story at a URL, possibly another URL's (rel=canonical)."""
        own = keys.article_id(_stated(url))
        return self._index.alias(own) or own

    def _put_articles(self, stem: keys.Stem, articles: list[Article]) -> list[Stored]:
        """Store the articles; equal ones of an attempt killed before its commit stay."""
        if not articles:
            return []
        body = write_articles(articles)
        if not objects.put_once(self._s3, bucket=self._archive, key=stem.articles, body=body):
            left = read_articles(objects.get(self._s3, bucket=self._archive, key=stem.articles) or b"")
            if [(s.article.id, s.article.digest) for s in left] == [(a.id, a.digest) for a in articles]:
                return left
            if settled := committed(self._s3, self._archive, stem):  # by a delivery at the same time: it is its word
                return settled.articles
            self._s3.put_object(Bucket=self._archive, Key=stem.articles, Body=body)
        return read_articles(body)

    def _quarantine(self, stem: keys.Stem, page: PageOutcome, run: str | None = None) -> None:
        """Add a page's outcome to its quarantine report, with the run of a ``reextract`` if any."""
        pointer = Pointer(self._captures, stem.capture, page.offset, page.length, status=page.status)
        report = quarantine.QuarantineReport(url=page.url, captured_at=page.captured_at, capture=pointer)
        attempt = quarantine.Attempt(outcome=page.outcome, reason=page.reason, run=run)
        quarantine.note(self._s3, self._archive, report, attempt)


def _signed(article: Article) -> Article:
    """An article with its fingerprint."""
    found = minhash.of(article.title, article.text)
    return dataclasses.replace(article, fingerprint=str(found) if found else None)


def _without_extraction(captured: Capture) -> Extraction | None:
    """Return the outcome of a capture without words to extract: damaged, unchanged or gone."""
    if captured.damage:
        return Extraction(Outcome.QUARANTINED, reason=captured.damage)
    if captured.revisit:
        return Extraction(Outcome.GONE if captured.status in GONE else Outcome.UNCHANGED, reason=_REVISIT)
    return None


def committed(s3: "S3Client", bucket: str, stem: keys.Stem) -> Archived | None:
    """Return the committed outcomes and articles of a WARC file, or None if it is not archived yet."""
    lines, etag = objects.get_tagged(s3, bucket=bucket, key=stem.outcomes)
    if lines is None:
        return None
    outcomes, articles = read_outcomes(lines), None
    if any(page.outcome is Outcome.ARCHIVED for page in outcomes):
        articles = objects.get(s3, bucket=bucket, key=articles_key(stem, outcomes))
    stored = read_articles(articles) if articles else []
    return Archived(outcomes, stored, etag, hashlib.sha256(lines).hexdigest())


def read_articles(data: bytes) -> list[Stored]:
    """The articles of an articles object, each with its gzip member's place."""
    found = []
    start = 0
    while start < len(data):
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        line = decoder.decompress(data[start:])
        length = len(data) - start - len(decoder.unused_data)
        found.append(Stored(Article.from_dict(json.loads(line)), start, length))
        start += length
    return found


def read_outcomes(data: bytes) -> list[PageOutcome]:
    """The lines of an outcomes object."""
    return [_page_outcome(json.loads(line)) for line in gzip.decompress(data).splitlines()]


def _page_outcome(values: dict[str, Any]) -> PageOutcome:
    typed = {"outcome": Outcome(values["outcome"]), "rules_missed": tuple(values.get("rules_missed", ()))}
    return PageOutcome(**values | typed)


def write_articles(articles: Iterable[Article]) -> bytes:
    """An articles object: a line and a gzip member for each."""
    return b"".join(_member(article.to_json() + "\n") for article in articles)


def write_outcomes(outcomes: Iterable[PageOutcome]) -> bytes:
    """An outcomes object."""
    return _member("".join(json.dumps(dataclasses.asdict(page), ensure_ascii=False) + "\n" for page in outcomes))


def _member(text: str) -> bytes:
    """One gzip member without a clock in it."""
    return gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)


def _stated(url: str) -> str:
    """Return the URL behind a page's id; other addresses (of foreign WARC files) stand for themselves."""
    try:
        return identity(url)
    except ValueError:
        return url
