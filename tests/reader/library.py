"""A small reading room: invented stories in four languages, some hostile, and requests to it."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dateline.article import Extraction
from dateline.keys import identifiers, object_keys
from dateline.page import Page
from dateline.reader.app import answer
from dateline.reader.library import Library
from dateline.sources.registry import Source
from tests.conftest import Aws
from tests.search.library import searched
from tests.support import samples
from tests.support.samples import NOON, Newsroom

HOSTILE = '<script>alert(1)</script> & "quotes" {{ 7*7 }} dated'
STORIES = {
    "en": "Ferry returns to Tripoli harbour dated|The ferry reached Tripoli at noon.\n\nPassengers waited on the quay.",
    "fr": "Le pont de Bizerte rouvre dated|Le pont mobile de Bizerte a rouvert mardi.\n\nLes camions attendaient.",
    "ar": "عودة العبّارة إلى ميناء طرابلس dated|وصلت العبّارة إلى ميناء طرابلس ظهرا.\n\nانتظر الركاب على الرصيف.",
    "tr": "Feribot İzmir limanına döndü dated|Feribot öğle saatlerinde limana ulaştı.\n\nYolcular bekledi.",
    "hostile": f"{HOSTILE}|</p><img src=x onerror=alert(2)><script>alert(3)</script> was printed.",
}
AUTHORS = {"ar": ("محمد الهادي", "ليلى بن صالح"), "fr": ("Aïcha & Fils {SARL}",), "hostile": ("A\nER  - \nTY  - BOOK",)}
REVISED = "Ferry returns to Tripoli port dated|The ferry reached Tripoli at dawn.\n\nPassengers waited on the quay."


@dataclass(frozen=True)
class Reply:
    """An answer, decoded as a browser decodes it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media(self) -> str:
        return self.headers["Content-Type"].partition(";")[0]


@dataclass(frozen=True)
class Room:
    """A reading room over the emulated AWS."""

    aws: Aws
    handle: Callable[[dict[str, Any], Any], dict[str, Any]]

    def get(self, path: str, accept: str = "*/*", headers: Mapping[str, str] | None = None, **query: Any) -> Reply:
        """Return the answer to a GET with these parameters; a list stands for a repeated one."""
        return decoded(
            self.handle(event(path, urlencode(query, doseq=True), {"accept": accept, **(headers or {})}), None)
        )

    def id(self, name: str) -> str:
        """Return the id of an invented story."""
        return identifiers.article_id(f"http://news.example.org/{name}")


def event(path: str, query: str = "", headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The event of a function URL."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "reader.example", "x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {
            "domainName": "reader.example",
            "stage": "$default",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"},
        },
        "isBase64Encoded": False,
    }


def decoded(answered: dict[str, Any]) -> Reply:
    body = answered["body"].encode() if not answered["isBase64Encoded"] else base64.b64decode(answered["body"])
    headers = answered["headers"]
    return Reply(
        answered["statusCode"], headers, gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
    )


def extract(page: Page) -> Extraction:
    """The stand-in of other tests, with a language and authors by the story's name."""
    found, name = samples.extract(page), page.url.rpartition("/")[2]
    if found.article is None:
        return found
    language = name if name in {"en", "fr", "ar", "tr"} else None
    return found._replace(article=replace(found.article, language=language, authors=AUTHORS.get(name, ())))


def room(aws: Aws, folder: Path) -> Room:
    """Archive the stories, the English one in two revisions, and open the room."""
    newsroom = Newsroom(aws, source="sample-gazette")
    newsroom.archive(extract=extract).add(newsroom.capture(*STORIES.items()))
    later = newsroom.archive(extract=extract, clock=lambda: NOON + timedelta(days=1))
    later.add(newsroom.capture(("en", REVISED)))
    rows = [("sample-gazette", 5, 0, []), ("quiet", 0, 9, ["silent"])]
    names = ("source", "archived", "silent_days", "flags")
    report = {"day": "2019-04-17", "sources": [dict(zip(names, row, strict=True)) for row in rows]}
    for key, value in (
        (object_keys.COVERAGE_INDEX, {"2019-04-17": "x"}),
        (object_keys.coverage_report("2019-04-17"), report),
    ):
        aws.s3.put_object(Bucket=aws.archive, Key=key, Body=json.dumps(value).encode())
    search = searched(newsroom, folder)
    gazette = Source.of_host("gazette.example", "sample-gazette")
    library = Library(aws.deployment, lambda: search, lambda: {"sample-gazette": gazette})
    return Room(aws, answer(library))
