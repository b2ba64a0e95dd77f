"""Files to import, and an importer of them, for the tests of import."""

import base64
import hashlib
import io
from collections import Counter
from pathlib import Path
from typing import Any

from dateline import capture
from dateline.archive.formats import read_articles
from dateline.article import Article
from dateline.capture import Capture
from dateline.extraction import extract
from dateline.importing.folders import files
from dateline.importing.importer import Imported, Importer
from dateline.importing.outlets import Outlets
from dateline.sources.registry import Source
from tests.conftest import Aws
from tests.support.samples import Newsroom

AT = "2019-04-16T21:30:00Z"
GAZETTE = Source(
    id="gazette",
    name="The Gazette",
    country="ly",
    languages=("en", "ar"),
    timezone="Africa/Tripoli",
    path=Path("ly/gazette.toml"),
    home="https://gazette.example/",
    feeds=("https://feeds.gazette.example/all",),
)
STORY = """<html lang="en"><head><title>{title}</title></head><body><article><h1>{title}</h1>
<p>The harbour master said on Monday that the first sailing would leave with two hundred passengers aboard.</p>
<p>Tickets went on sale in the morning, and by noon the queue reached from the kiosk to the old customs house.</p>
</article></body></html>"""


def page(number: int = 1) -> bytes:
    return STORY.format(title=f"Ferry number {number} returns to the harbour after nine years").encode()


def response(body: bytes, head: str = "200 OK\r\nContent-Type: text/html; charset=utf-8") -> bytes:
    return f"HTTP/1.1 {head}\r\n\r\n".encode() + body


def record(
    url: str,
    block: bytes,
    kind: str = "response",
    media_type: str = "application/http; msgtype=response",
    version: str = "1.1",
    **headers: str,
) -> bytes:
    """A WARC record, as its bytes stand in a plain file."""
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{hashlib.md5(block + url.encode()).hexdigest()}>",
        "WARC-Target-URI": url,
        "WARC-Date": AT,
        "WARC-Block-Digest": "sha1:" + base64.b32encode(hashlib.sha1(block).digest()).decode(),
        "Content-Type": media_type,
        "Content-Length": str(len(block)),
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return f"WARC/{version}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def stories(count: int = 3, version: str = "1.1") -> list[bytes]:
    return [record(f"https://www.gazette.example/{n}", response(page(n)), version=version) for n in range(count)]


class Import:
    """Brings files into the buckets of ``aws`` and archives what was captured, as the notification would."""

    def __init__(self, aws: Aws, **options: Any) -> None:
        self.aws, self.newsroom = aws, Newsroom(aws)
        self.outlets = Outlets([GAZETTE], **options)

    def __call__(self, *paths: Path) -> list[Imported]:
        importer = Importer(self.aws.s3, self.aws.captures, self.outlets)
        imported = [importer.add(name, pages) for path in paths for name, pages in files(path)]
        self.outcomes = Counter(
            page.outcome for key in importer.captures for page in self.newsroom.archive(extract=extract).add(key)
        )
        return imported

    def captures(self) -> dict[str, list[Capture]]:
        listed = self.aws.s3.list_objects_v2(Bucket=self.aws.captures).get("Contents", [])
        bodies = {o["Key"]: self.aws.s3.get_object(Bucket=self.aws.captures, Key=o["Key"])["Body"] for o in listed}
        return {key: list(capture.read(io.BytesIO(body.read()))) for key, body in bodies.items()}

    def articles(self) -> list[Article]:
        objects = self.newsroom.objects().items()
        return [s.article for key, data in objects if key.startswith("articles/") for s in read_articles(data)]
