"""What is committed of each WARC file: its articles object and its outcomes object, and the index after them.

The order of writes is what makes it safe to kill anywhere. First the articles object, under a name of its content, then
the outcomes object, on the condition that it is what was read. The outcomes object is the commit: the index is a
function of the two. The articles objects that it replaced are deleted last.
"""

import dataclasses
import hashlib
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from dateline.archive import quarantine
from dateline.archive.formats import content_name, read_articles, read_outcomes, write_articles, write_outcomes
from dateline.article import Article, Outcome, Pointer
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.index.index import Index
from dateline.index.story_items import aliases
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome, Stored, articles_key, extraction, made_no_revision

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Archived(NamedTuple):
    """Result of a WARC file; ``etag`` and ``digest`` (sha256, hex) belong to its outcomes object.

    ``ours``: this process committed it a moment ago, so no other one has begun to index it.
    """

    outcomes: list[PageOutcome]
    articles: list[Stored]
    etag: str = ""
    digest: str = ""
    ours: bool = False


class Decided(NamedTuple):
    """The result of one page; ``given_up`` is why the present extractor could not examine it, and it stays."""

    page: PageOutcome
    article: Article | None
    given_up: str | None = None


class ArchiveStore:
    """Reads and replaces the committed objects of WARC files, with the index after them."""

    def __init__(self, deployment: Deployment, index: Index) -> None:
        self._s3, self._index = deployment.s3, index
        self._capture_bucket, self._archive_bucket = deployment.capture_bucket, deployment.archive_bucket

    def settled(self, stem: Stem) -> Archived:
        """Return the committed result of an indexed WARC file; an empty one if its outcomes were lost."""
        return committed(self._s3, self._archive_bucket, stem) or Archived([], [])

    def committed(self, stem: Stem) -> Archived | None:
        """Return the committed result of a WARC file, or None if it is not archived yet."""
        return committed(self._s3, self._archive_bucket, stem)

    def is_settled(self, stem: Stem, settled: Archived) -> bool:
        """Return whether the committed result of a WARC file is this one."""
        return objects.get_tagged(self._s3, bucket=self._archive_bucket, key=stem.outcomes)[1] == settled.etag

    def commit(self, stem: Stem, outcomes: Iterable[PageOutcome], articles: bytes) -> Archived:
        """Commit the outcomes of a WARC file unless another attempt did; return the committed result.

        ``articles`` are the bytes of the stored articles object, empty without articles.
        """
        lines = write_outcomes(outcomes)
        etag = objects.put_new(self._s3, bucket=self._archive_bucket, key=stem.outcomes, body=lines)
        return _archived(lines, articles, etag)._replace(ours=True) if etag else self.settled(stem)

    def replace(self, stem: Stem, settled: Archived, outcomes: list[PageOutcome], articles: bytes) -> bool:
        """Commit another result of a WARC file; return False if it is no longer ``settled``."""
        if outcomes == settled.outcomes:
            return True
        if articles:
            objects.put_once(self._s3, bucket=self._archive_bucket, key=articles_key(stem, outcomes), body=articles)
        said = {page.offset: page for page in settled.outcomes if made_no_revision(page)}
        stays = {page.offset: page.id for page in outcomes if made_no_revision(page)}
        shown = {page.offset: page.id for page in outcomes if page.outcome is Outcome.ARCHIVED}  # see Index.replace
        gone = (page for page in said.values() if page.id not in (stays.get(page.offset), shown.get(page.offset)))
        self._index.repeats.forget(stem, gone)
        self._index.forget_aliases({*aliases(settled.outcomes)} - {*aliases(outcomes)})
        key, body = stem.outcomes, write_outcomes(outcomes)
        if settled.etag:
            return objects.put_over(self._s3, bucket=self._archive_bucket, key=key, body=body, etag=settled.etag)
        return objects.put_once(self._s3, bucket=self._archive_bucket, key=key, body=body)

    def index(self, stem: Stem, settled: Archived) -> dict[str, list[Article]]:
        """Bring the index to the committed result; return the replaced articles objects, by key."""
        current = articles_key(stem, settled.outcomes)
        over = {key: self.articles(key) for key in self.articles_keys(stem) if key != current or not settled.articles}
        before = [article for articles in over.values() for article in articles]
        self._index.replace(stem, settled.outcomes, settled.articles, before)
        return over

    def articles_keys(self, stem: Stem) -> set[str]:
        """Return the keys of a WARC file's articles objects, those of killed attempts included."""
        return set(objects.keys(self._s3, bucket=self._archive_bucket, prefix=stem.articles_prefix))

    def articles(self, key: str) -> list[Article]:
        """Return the articles of an object."""
        return [
            stored.article
            for stored in read_articles(objects.get(self._s3, bucket=self._archive_bucket, key=key) or b"")
        ]

    def put_articles(self, stem: Stem, articles: list[Article], left: Iterable[str]) -> tuple[str | None, bytes]:
        """Store the articles; return the name of their object, and its bytes.

        If an attempt that died before its commit left the same ones, its copy stays, whenever it was made.
        """
        for key in sorted(left):
            there = objects.get(self._s3, bucket=self._archive_bucket, key=key) or b""
            if [_undated(stored.article) for stored in read_articles(there)] == list(map(_undated, articles)):
                return key.removeprefix(stem.articles_prefix).removesuffix("jsonl.gz").rstrip(".") or None, there
        body = write_articles(articles)
        name = content_name(body)
        objects.put_once(self._s3, bucket=self._archive_bucket, key=stem.extracted(name), body=body)
        return name, body

    def delete(self, over: Iterable[str]) -> None:
        """Delete replaced articles objects."""
        for key in sorted(over):
            self._s3.delete_object(Bucket=self._archive_bucket, Key=key)

    def quarantine(self, stem: Stem, page: PageOutcome, run: str | None = None) -> None:
        """Add a page's outcome to its quarantine report, with the run of a ``reextract`` if any."""
        pointer = Pointer(self._capture_bucket, stem.capture, page.offset, page.length, status=page.status)
        report = quarantine.QuarantineReport(url=page.url, captured_at=page.captured_at, capture=pointer)
        attempt = quarantine.Attempt(outcome=page.outcome, reason=page.reason, run=run)
        quarantine.note(self._s3, self._archive_bucket, report, attempt)

    def update_quarantine(self, stem: Stem, settled: Archived, offsets: Container[int] | None, run: str) -> None:
        """Add the outcomes of a run to the reports on quarantined pages; ``offsets`` None is all pages."""
        reported = set(objects.keys(self._s3, bucket=self._archive_bucket, prefix=object_keys.quarantine_prefix(stem)))
        for page in settled.outcomes:
            known = object_keys.quarantine(stem, page.offset) in reported
            looked_at = offsets is None or page.offset in offsets
            if (known and looked_at) or (not known and page.outcome is Outcome.QUARANTINED):
                self.quarantine(stem, page, run)


def committed(s3: "S3Client", bucket: str, stem: Stem) -> Archived | None:
    """Return the committed outcomes and articles of a WARC file, or None if it is not archived yet."""
    lines, etag = objects.get_tagged(s3, bucket=bucket, key=stem.outcomes)
    if lines is None:
        return None
    outcomes, articles = read_outcomes(lines), None
    if any(page.outcome is Outcome.ARCHIVED for page in outcomes):
        articles = objects.get(s3, bucket=bucket, key=articles_key(stem, outcomes))
    return _archived(lines, articles or b"", etag)


def _archived(lines: bytes, articles: bytes, etag: str) -> Archived:
    """Return the result in an outcomes object and its articles object."""
    return Archived(read_outcomes(lines), read_articles(articles), etag, hashlib.sha256(lines).hexdigest())


def by_offset(settled: Archived) -> dict[int, Decided]:
    """Return the pages of a WARC file by the offsets of their records, with their articles."""
    articles = {stored.article.capture.offset: stored.article for stored in settled.articles if stored.article.capture}
    return {page.offset: Decided(page, articles.get(page.offset)) for page in settled.outcomes}


def articles_of(decided: Mapping[int, Decided]) -> bytes:
    """Return the articles object of a WARC file's pages."""
    return write_articles(each.article for each in decided.values() if each.article)


def named(decided: Iterable[Decided], name: str | None) -> list[PageOutcome]:
    """Return the outcomes of pages, with the name of the object that has their articles."""
    return [dataclasses.replace(each.page, extraction=name if each.article else None) for each in decided]


def named_by_run(run: str, settled: Archived, decided: Mapping[int, Decided], articles: bytes) -> list[PageOutcome]:
    """Return the outcomes, with a name of the extraction unique to run and content."""
    unchanged = articles == write_articles(stored.article for stored in settled.articles)
    name = hashlib.sha256(run.encode() + articles).hexdigest()[:12]
    return named(decided.values(), extraction(settled.outcomes) if unchanged else name)


def _undated(article: Article) -> Article:
    """An article without what differs between two attempts to archive it."""
    return dataclasses.replace(article, indexed_at=None, cluster=None)
