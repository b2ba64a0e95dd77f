"""The archive: turn a WARC file into one articles object and one outcome per page.

The order of writes is what makes it safe to kill anywhere. First the articles object, under a name of its content, then
the outcomes object, only where there is none yet. The outcomes object is the commit: the index is a function of the
two. Before it nothing points at the articles, and the next attempt takes up what it finds.

A capture may be archived after later ones of the same stories. Then these are placed again (``chain``): their articles
get other numbers, or are no revisions any more, or become some. Their outcomes objects are replaced, on the condition
that they are what was read; the index follows. The capture counts as done after that, so a killed attempt is repeated.
"""

import dataclasses
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dateline import capture, keys
from dateline.archive import chain, quarantine
from dateline.archive.chain import Place, Version
from dateline.archive.revisions import Revisions
from dateline.article import Article, Extraction, Outcome, Pointer
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.capture import Capture, DamagedCaptureError
from dateline.capture.packs import Packs
from dateline.index.index import Index
from dateline.index.items import aliases
from dateline.outcomes import WITHDRAWN, PageOutcome, Stored, articles_key, is_of_chain, made_no_revision
from dateline.page import MAX_URL, Page
from dateline.similarity import minhash
from dateline.urls import identity

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


GONE = (404, 410)
_FIELDS = {field.name for field in dataclasses.fields(PageOutcome)}
_ADDED = ("digest", "published_at")  # to the fields of outcomes, in November 2026
_REVISIT = "the server sent what an earlier capture has"


class Archived(NamedTuple):
    """Result of a WARC file; ``etag`` and ``digest`` (sha256, hex) belong to its outcomes object."""

    outcomes: list[PageOutcome]
    articles: list[Stored]
    etag: str = ""
    digest: str = ""


class Decided(NamedTuple):
    """What a page comes to; ``given_up`` is why the present extractor could not examine it, and it stays as it was."""

    page: PageOutcome
    article: Article | None
    given_up: str | None = None


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
        self._packs = Packs(deployment.s3, deployment.capture_bucket)

    def add(self, key: str) -> list[PageOutcome]:
        """Archive and index the WARC file ``key``; return its outcomes, or none if that was done before."""
        stem = keys.parse(key)
        if self._index.counters.is_done(stem.source, stem.capture):
            return []
        begun = committed(self._s3, self._archive, stem)
        archived = begun or self._commit(stem)
        self._index.add(stem, archived.outcomes, archived.articles)
        if begun:
            self._show_later_captures(stem, begun.outcomes)
        while True:
            self._place_later_captures(archived.outcomes)
            self._index.count_pages(stem, archived.outcomes)
            before, archived = archived, self._settled(stem)
            if archived.etag == before.etag:
                return archived.outcomes
            self._index.replace(stem, archived.outcomes, archived.articles, [each.article for each in before.articles])

    def _settled(self, stem: keys.Stem) -> Archived:
        """What the archive has of a capture object that is indexed: nothing, where its outcomes were lost."""
        return committed(self._s3, self._archive, stem) or Archived([], [])

    def _commit(self, stem: keys.Stem) -> Archived:
        extracted = list(self._extracted(stem))
        ids = [extraction.article.id for _, extraction in extracted if extraction.article]
        revisions = Revisions(self._index, ids, keys.utc(self._clock()))
        in_order = sorted(extracted, key=lambda each: (each[0].captured_at, each[0].offset))
        decided = {page[0].offset: self._decide(stem, revisions, *page) for page in in_order}
        articles = [article for captured, _ in extracted if (article := decided[captured.offset].article)]
        left = set(objects.keys(self._s3, bucket=self._archive, prefix=stem.articles_prefix)) if articles else set()
        name = self._put_articles(stem, self._index.clusters.place(articles), left) if articles else None
        outcomes = [_named(decided[captured.offset], name) for captured, _ in extracted]
        for page in outcomes:
            if page.outcome is Outcome.QUARANTINED:
                self._quarantine(stem, page)
        objects.put_once(self._s3, bucket=self._archive, key=stem.outcomes, body=write_outcomes(outcomes))
        archived = self._settled(stem)
        over = {*left, stem.extracted(name)} - {articles_key(stem, archived.outcomes)} if articles else set()
        self._delete_articles(over)
        return archived

    def _place_later_captures(self, outcomes: Iterable[PageOutcome]) -> None:
        """Put the captures of these pages' stories in their places, from these pages on."""
        for id, at in _since(outcomes).items():
            self._place_again(id, at)

    def _show_later_captures(self, stem: keys.Stem, outcomes: Iterable[PageOutcome]) -> None:
        """Finish what a killed attempt began: bring the index to what is committed of the stories' later captures."""
        later = {
            str(item["capture"]["key"])
            for id, at in _since(outcomes).items()
            for item in self._index.versions(id, at)[1]
            if "capture" in item
        }
        for key in sorted(later - {stem.capture}):
            found = keys.parse(key)
            self._delete_articles(self._show(found, self._settled(found)))

    def _place_again(self, id: str, since: str, read: Callable[[Mapping[str, Any]], Version] = Version.of_item) -> None:
        """Put a story's captures from an instant on in their places, until each is where it should be.

        ``read`` makes a version of an item of the table.
        """
        while True:
            before, found = self._index.versions(id, since)
            wrong = chain.misplaced(map(read, found), read(before) if before else None)
            if not wrong:
                return
            for key, places in chain.by_capture(wrong):
                self._rewrite(keys.parse(key), id, places)

    def _rewrite(self, stem: keys.Stem, id: str, places: Mapping[int, Place]) -> None:
        """Give some pages of a capture object, by the offsets of their records, their places in a story's chain."""
        settled = self._settled(stem)
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
        articles = write_articles(each.article for each in decided.values() if each.article)
        name = _content(articles)
        self._replace(stem, settled, [_named(each, name) for each in decided.values()], articles)
        self._delete_articles(self._show(stem, self._settled(stem)))

    def _found(self, stem: keys.Stem, offsets: Container[int]) -> Iterator[Article]:
        """The articles of pages that made no revision when they were archived."""
        for captured, extraction in self._extracted(stem, offsets) if offsets else ():
            if extraction.article:
                yield dataclasses.replace(
                    extraction.article,
                    captured_at=keys.utc(captured.captured_at),
                    indexed_at=keys.utc(self._clock()),
                    capture=self._pointer(stem, captured),
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

    def _replace(self, stem: keys.Stem, settled: Archived, outcomes: list[PageOutcome], articles: bytes) -> bool:
        """Write what a capture object comes to now; False where it comes to something else by now."""
        if outcomes == settled.outcomes:
            return True
        if articles:
            objects.put_once(self._s3, bucket=self._archive, key=articles_key(stem, outcomes), body=articles)
        said = {page.offset: page for page in settled.outcomes if made_no_revision(page)}
        stays = {page.offset: page.id for page in outcomes if made_no_revision(page)}
        shown = {page.offset: page.id for page in outcomes if page.outcome is Outcome.ARCHIVED}  # see Index.replace
        gone = (page for page in said.values() if page.id not in (stays.get(page.offset), shown.get(page.offset)))
        self._index.forget_same(stem, gone)
        self._index.forget_aliases({*aliases(settled.outcomes)} - {*aliases(outcomes)})
        key, body = stem.outcomes, write_outcomes(outcomes)
        if settled.etag:
            return objects.put_over(self._s3, bucket=self._archive, key=key, body=body, etag=settled.etag)
        return objects.put_once(self._s3, bucket=self._archive, key=key, body=body)

    def _show(self, stem: keys.Stem, settled: Archived) -> dict[str, list[Article]]:
        """Bring the index to what is committed; return the articles objects that this took the place of."""
        current = articles_key(stem, settled.outcomes)
        over = {
            key: self._articles(key)
            for key in objects.keys(self._s3, bucket=self._archive, prefix=stem.articles_prefix)
            if key != current or not settled.articles
        }
        before = [article for articles in over.values() for article in articles]
        self._index.replace(stem, settled.outcomes, settled.articles, before)
        return over

    def _articles(self, key: str) -> list[Article]:
        """The articles of an object."""
        return [stored.article for stored in read_articles(objects.get(self._s3, bucket=self._archive, key=key) or b"")]

    def _delete_articles(self, over: Iterable[str]) -> None:
        for key in sorted(over):
            self._s3.delete_object(Bucket=self._archive, Key=key)

    def _extracted(self, stem: keys.Stem, only: Container[int] | None = None) -> Iterator[tuple[Capture, Extraction]]:
        """Return the extraction of each page, or of ``only`` the records at these offsets."""
        body = self._packs.open(stem.capture)
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
        if captured.same_words and not captured.damage:
            return self._examine_words(*captured.same_words)
        extraction = _without_extraction(captured) or self._extract(captured.page())
        return extraction._replace(article=extraction.article and _signed(extraction.article))

    def _examine_words(self, key: str, offset: int, length: int) -> Extraction:  # noqa: ARG002 (metadata follows)
        """Return what the response with the words of a page without its body comes to."""
        try:
            found = next(capture.read(self._packs.open(key, offset)), None)
        except (DamagedCaptureError, self._s3.exceptions.NoSuchKey) as error:
            return Extraction(Outcome.QUARANTINED, reason=f"its words are in {key}: {error}")
        if found is None or found.offset:
            return Extraction(Outcome.QUARANTINED, reason=f"its words are in {key}, without a page at {offset}")
        return self._examine(found)

    def _decide(self, stem: keys.Stem, revisions: Revisions, captured: Capture, extraction: Extraction) -> Decided:
        outcome, article = extraction.outcome, None
        if extraction.article and revisions.withdrawn(extraction.article.id):
            outcome, extraction = Outcome.NOT_ARTICLE, extraction._replace(reason=WITHDRAWN)
        elif extraction.article:
            pointer = self._pointer(stem, captured)
            outcome, article = revisions.settle(extraction.article, keys.utc(captured.captured_at), pointer)
        return Decided(self._page(captured, extraction, outcome, article), article)

    def _pointer(self, stem: keys.Stem, captured: Capture) -> Pointer:
        where, digest = (captured.offset, captured.length), captured.payload_digest
        return Pointer(self._captures, stem.capture, *where, digest, captured.status)

    def _page(
        self, captured: Capture, extraction: Extraction, outcome: Outcome, article: Article | None
    ) -> PageOutcome:
        found = extraction.article
        known = found if outcome in (Outcome.UNCHANGED, Outcome.DUPLICATE) else None
        page = PageOutcome(
            url=captured.url,
            id=found.id if found else "",
            outcome=outcome,
            captured_at=keys.utc(captured.captured_at),
            offset=captured.offset,
            length=captured.length,
            status=captured.status,
            reason=extraction.reason,
            revision=article.revision if article else None,
            rules_missed=extraction.rules_missed,
            digest=known.digest if known else None,
            published_at=known.published_at if known else None,
        )
        return page if found else dataclasses.replace(page, id=_id(captured.url))

    def _put_articles(self, stem: keys.Stem, articles: list[Article], left: Iterable[str]) -> str | None:
        """Store the articles and return the name of their object.

        Where an attempt that died before its commit left the same ones, its copy stays, whenever it was made.
        """
        for key in sorted(left):
            if list(map(_undated, self._articles(key))) == list(map(_undated, articles)):
                return key.removeprefix(stem.articles_prefix).removesuffix("jsonl.gz").rstrip(".") or None
        body = write_articles(articles)
        name = _content(body)
        objects.put_once(self._s3, bucket=self._archive, key=stem.extracted(name), body=body)
        return name

    def _quarantine(self, stem: keys.Stem, page: PageOutcome, run: str | None = None) -> None:
        """Add a page's outcome to its quarantine report, with the run of a ``reextract`` if any."""
        pointer = Pointer(self._captures, stem.capture, page.offset, page.length, status=page.status)
        report = quarantine.QuarantineReport(url=page.url, captured_at=page.captured_at, capture=pointer)
        attempt = quarantine.Attempt(outcome=page.outcome, reason=page.reason, run=run)
        quarantine.note(self._s3, self._archive, report, attempt)


def _since(outcomes: Iterable[PageOutcome]) -> dict[str, str]:
    """Return the first instant of each story among some pages, by its id."""
    since: dict[str, str] = {}
    for page in outcomes:
        if is_of_chain(page):
            since[page.id] = min(page.captured_at, since.get(page.id, page.captured_at))
    return since


def _id(url: str) -> str:
    """The id of a story at a URL, if its page names no other URL as the canonical one: the index knows if it did."""
    return keys.article_id(_stated(url))


def _undated(article: Article) -> Article:
    """An article without what differs between two attempts to archive it."""
    return dataclasses.replace(article, indexed_at=None, cluster=None)


def _content(articles: bytes) -> str | None:
    """The name of an articles object: 12 hex digits of its sha256; None for no articles."""
    return hashlib.sha256(articles).hexdigest()[:12] if articles else None


def _named(decided: Decided, extraction: str | None) -> PageOutcome:
    """The outcome of a page with the name of the object of its article."""
    return dataclasses.replace(decided.page, extraction=extraction if decided.article else None)


def by_offset(settled: Archived) -> dict[int, Decided]:
    """The pages of a capture object by the offsets of their records, with their articles."""
    articles = {stored.article.capture.offset: stored.article for stored in settled.articles if stored.article.capture}
    return {page.offset: Decided(page, articles.get(page.offset)) for page in settled.outcomes}


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
    """An outcome; without what a later version of Dateline may have added."""
    values = {name: value for name, value in values.items() if name in _FIELDS}
    typed = {"outcome": Outcome(values["outcome"]), "rules_missed": tuple(values.get("rules_missed", ()))}
    return PageOutcome(**values | typed)


def write_articles(articles: Iterable[Article]) -> bytes:
    """An articles object: a line and a gzip member for each."""
    return b"".join(_member(article.to_json() + "\n") for article in articles)


def write_outcomes(outcomes: Iterable[PageOutcome]) -> bytes:
    """An outcomes object."""
    return _member("".join(json.dumps(_line(page), ensure_ascii=False) + "\n" for page in outcomes))


def _line(page: PageOutcome) -> dict[str, Any]:
    """The line of a page; versions before November 2026 read no unknown names, so these are left out where empty."""
    return {name: value for name, value in dataclasses.asdict(page).items() if value or name not in _ADDED}


def _member(text: str) -> bytes:
    """One gzip member without a clock in it."""
    return gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)


def _stated(url: str) -> str:
    """Return the URL behind a page's id; other addresses (of foreign WARC files) stand for themselves."""
    try:
        return identity(url)
    except ValueError:
        return url
