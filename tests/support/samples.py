"""Sample captures, for tests of what comes after the crawl."""

import gzip
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dateline import capture
from dateline.archive.formats import read_outcomes
from dateline.archive.writer import ArchiveWriter
from dateline.article import Article, Extraction, Outcome, content_digest
from dateline.aws import objects
from dateline.capture import Exchange
from dateline.index.index import Index
from dateline.keys import crawl_names, identifiers, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import articles_key
from dateline.page import Page, Payload
from dateline.places import placed
from dateline.query.query import Query
from dateline.urls import canonical

NOON = datetime(2019, 4, 17, 12, tzinfo=UTC)


def gzipped(body: bytes) -> bytes:
    """The same bytes whenever it is asked: cases are called by theirs, and several processes collect them."""
    return gzip.compress(body, mtime=0)


def extract(page: Page) -> Extraction:
    """A stand-in that reads a page of "title|text": the real extraction has tests of its own."""
    if page.status == 404:
        return Extraction(Outcome.GONE, reason="the server answered 404")
    title, _, text = page.body.decode().partition("|")
    if not text:
        return Extraction(Outcome.NOT_ARTICLE, reason="no text")
    article = Article(
        id=identifiers.article_id(canonical(page.url)),
        url=page.url,
        title=title,
        text=text,
        digest=content_digest(title, text),
        source=page.source,
        outlet_country=page.country,
        published_at="2019-04-16T09:30:00+02:00" if "dated" in title else None,
    )
    return Extraction(Outcome.ARCHIVED, placed(article))


class Newsroom:
    """Puts captures of sample pages into the bucket, as crawls an hour apart would."""

    def __init__(
        self,
        aws: Any,
        source: str = "sample",
        country: str | None = "ly",
        host: str = "news.example.org",
        languages: tuple[str, ...] = ("en",),
    ) -> None:
        self.aws, self.source, self.country, self.host, self.languages = aws, source, country, host, languages
        self.index, self.notes = Index(aws.table), dict[str, Any]()  # notes are for the metadata of captures
        self.hours = itertools.count()

    def archive(self, **changes: Any) -> ArchiveWriter:
        arguments = {
            "deployment": self.aws.deployment,
            "index": self.index,
            "extract": extract,
            "clock": lambda: NOON,
        }
        return ArchiveWriter(**arguments | changes)

    def capture(self, *pages: tuple[str, str], status: str = "200 OK", revisits: Payload | None = None) -> str:
        at = NOON + timedelta(hours=next(self.hours))
        return self.put(
            Stem(self.source, crawl_names.crawl_name(at, "test"), 0),
            *pages,
            status=status,
            revisits=revisits,
        )

    def put(self, stem: Stem, *pages: tuple[str, str], status: str = "200 OK", revisits: Payload | None = None) -> str:
        at = crawl_names.crawl_time(stem.crawl)
        known = {
            "source": self.source,
            "country": self.country,
            "languages": list(self.languages),
            "timezone": "Africa/Tripoli",
        } | self.notes
        exchanges = [
            Exchange(
                url=f"http://{self.host}/{path}",
                captured_at=at + timedelta(seconds=number),
                request=b"GET / HTTP/1.1\r\n\r\n",
                response=f"HTTP/1.1 {status}\r\n\r\n{body}".encode(),
                metadata=known,
                revisits=revisits,
            )
            for number, (path, body) in enumerate(pages)
        ]
        self.aws.s3.put_object(
            Bucket=self.aws.captures, Key=stem.capture, Body=capture.serialise(exchanges, stem.capture)
        )
        return stem.capture

    def captured(self, key: str) -> bytes:
        return objects.get(self.aws.s3, bucket=self.aws.captures, key=key) or b""

    def items(self) -> list[dict[str, Any]]:
        """All of the table except notes to the next coverage run, sorted by key."""
        found = (item for item in self.aws.table.scan()["Items"] if item["PK"] != item_keys.LATE)
        return sorted(found, key=lambda item: (item["PK"], item["SK"]))

    def objects(self) -> dict[str, bytes]:
        listed = self.aws.s3.list_objects_v2(Bucket=self.aws.archive).get("Contents", [])
        return {o["Key"]: self.aws.s3.get_object(Bucket=self.aws.archive, Key=o["Key"])["Body"].read() for o in listed}

    def articles_key(self, key: str) -> str:
        """The articles object of a WARC file."""
        stem = object_keys.parse(key)
        return articles_key(stem, read_outcomes(self.objects()[stem.outcomes]))

    def query(self) -> Query:
        aws = self.aws
        return Query(aws.deployment)


class KilledError(Exception):
    """The function dies here."""


def killer(at: int) -> Callable[..., None]:
    """Dies at the n-th call to AWS that it sees."""
    calls = itertools.count(1)

    def die(**_: Any) -> None:
        if next(calls) == at:
            raise KilledError

    return die


def killer_of_writes(at: int) -> Callable[..., None]:
    """Dies before the n-th of its calls to AWS that write: to die before a read is to die after the write before it."""
    die = killer(at)

    def die_before_writes(*, model: Any, **_: Any) -> None:
        if not model.name.startswith(("Get", "BatchGet", "List", "Head", "Query", "Scan")):
            die()

    return die_before_writes
