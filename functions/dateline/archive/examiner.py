"""Examine the pages of a WARC file: read each record and extract it."""

import dataclasses
from collections.abc import Callable, Container, Iterator

from dateline import capture, instants
from dateline.archive.revisions import Revisions
from dateline.archive.store import Decided
from dateline.article import Article, Extraction, Outcome, Pointer
from dateline.aws.deployment import Deployment
from dateline.capture import Capture, DamagedCaptureError
from dateline.capture.packs import Packs
from dateline.keys import crawl_names, identifiers
from dateline.keys.object_keys import Stem
from dateline.outcomes import WITHDRAWN, PageOutcome
from dateline.page import MAX_URL, Page
from dateline.similarity import minhash
from dateline.urls import identity

GONE = (404, 410)
_REVISIT = "the server sent what an earlier capture has"

Extract = Callable[[Page], Extraction]


class Examiner:
    """Extracts the records of WARC files; ``extract`` returns an ``Extraction`` for a page."""

    def __init__(self, deployment: Deployment, extract: Extract) -> None:
        self._s3, self._capture_bucket, self._extract = deployment.s3, deployment.capture_bucket, extract
        self._packs = Packs(deployment.s3, deployment.capture_bucket)

    def pages(self, stem: Stem, only: Container[int] | None = None) -> Iterator[tuple[Capture, Extraction]]:
        """Yield each page, without its body, and its extraction; or ``only`` the records at these offsets.

        The unreadable rest of a damaged file is a page with the outcome ``QUARANTINED``.
        """
        body = self._packs.open(stem.capture)
        try:
            for captured in capture.read(body, crawl_names.crawl_time(stem.crawl)):
                if only is None or captured.offset in only:
                    extraction = self.page(captured)
                    yield dataclasses.replace(captured, body=b""), extraction  # bodies are large, and not wanted again
        except DamagedCaptureError as error:
            if only is None or error.offset in only:
                yield self._rest(stem, error.offset), Extraction(Outcome.QUARANTINED, reason=str(error))

    def page(self, captured: Capture) -> Extraction:
        """Return the extraction of one page, its article with a fingerprint."""
        if captured.same_words and not captured.damage:
            return self._words(*captured.same_words)
        extraction = _without_extraction(captured) or self._extract(captured.page())
        return extraction._replace(article=extraction.article and _signed(extraction.article))

    def page_at(self, key: str, offset: int) -> Extraction:
        """Return the extraction of the record at an offset; ``QUARANTINED`` if it cannot be read."""
        try:
            found = next(capture.read(self._packs.open(key, offset)), None)
        except DamagedCaptureError as error:
            return Extraction(Outcome.QUARANTINED, reason=str(error))
        return self.page(found) if found else Extraction(Outcome.QUARANTINED, reason=f"{key} has no page at {offset}")

    def pointer(self, stem: Stem, captured: Capture) -> Pointer:
        where, digest = (captured.offset, captured.length), captured.payload_digest
        return Pointer(self._capture_bucket, stem.capture, *where, digest, captured.status)

    def decide(self, stem: Stem, revisions: Revisions, captured: Capture, extraction: Extraction) -> Decided:
        """Return a page's result after the earlier revisions of its story."""
        outcome, article = extraction.outcome, None
        if extraction.article and revisions.withdrawn(extraction.article.id):
            outcome, extraction = Outcome.NOT_ARTICLE, extraction._replace(reason=WITHDRAWN)
        elif extraction.article:
            pointer = self.pointer(stem, captured)
            outcome, article = revisions.settle(extraction.article, instants.utc(captured.captured_at), pointer)
        return Decided(page_outcome(captured, extraction, outcome, article), article)

    def _words(self, key: str, offset: int, length: int) -> Extraction:  # noqa: ARG002 (metadata follows)
        """Return what the response with the words of a page without its body comes to."""
        try:
            found = next(capture.read(self._packs.open(key, offset)), None)
        except (DamagedCaptureError, self._s3.exceptions.NoSuchKey) as error:
            return Extraction(Outcome.QUARANTINED, reason=f"its words are in {key}: {error}")
        if found is None or found.offset:
            return Extraction(Outcome.QUARANTINED, reason=f"its words are in {key}, without a page at {offset}")
        return self.page(found)

    def _rest(self, stem: Stem, offset: int) -> Capture:
        """The unreadable rest of a WARC file, from an offset on."""
        return Capture(
            url=f"s3://{self._capture_bucket}/{stem.capture}",
            captured_at=crawl_names.crawl_time(stem.crawl),
            status=0,
            content_type="",
            body=b"",
            offset=offset,
            length=0,
        )


def page_outcome(captured: Capture, extraction: Extraction, outcome: Outcome, article: Article | None) -> PageOutcome:
    """Return the line of a page; ``article`` is its revision, if it made one."""
    found = extraction.article
    known = found if outcome in (Outcome.UNCHANGED, Outcome.DUPLICATE) else None
    return PageOutcome(
        url=captured.url,
        id=found.id if found else _id(captured.url),
        outcome=outcome,
        captured_at=instants.utc(captured.captured_at),
        offset=captured.offset,
        length=captured.length,
        status=captured.status,
        reason=extraction.reason,
        revision=article.revision if article else None,
        rules_missed=extraction.rules_missed,
        digest=known.digest if known else None,
        published_at=known.published_at if known else None,
    )


def _id(url: str) -> str:
    """The id of a story at a URL, if its page names no other URL as the canonical one: the index knows if it did.

    URLs that are no web addresses, of foreign WARC files, stand for themselves.
    """
    try:
        return identifiers.article_id(identity(url))
    except ValueError:
        return identifiers.article_id(url)


def _signed(article: Article) -> Article:
    """An article with its fingerprint."""
    found = minhash.of(article.title, article.text)
    return dataclasses.replace(article, fingerprint=str(found) if found else None)


def _without_extraction(captured: Capture) -> Extraction | None:
    """Return the outcome of a capture without words to extract: damaged, unchanged or gone."""
    if captured.damage:
        return Extraction(Outcome.QUARANTINED, reason=captured.damage)
    if len(captured.url.encode("utf-8", "surrogatepass")) > MAX_URL:
        return Extraction(Outcome.QUARANTINED, reason=f"the URL is longer than {MAX_URL} bytes")
    if captured.revisit:
        return Extraction(Outcome.GONE if captured.status in GONE else Outcome.UNCHANGED, reason=_REVISIT)
    return None
