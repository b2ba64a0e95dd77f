"""Captures: what is written is what was received, and what is read back is what was written."""

import gzip
import hashlib
import io
import re
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client
from warcio.archiveiterator import ArchiveIterator

from dateline import capture
from dateline.capture import Batch, CaptureStore, DamagedCaptureError, Exchange, metadata
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.page import Payload
from tests.support.samples import gzipped

CRAWL = "20190417T061500Z-sample"
KEY = Stem("sample", CRAWL, 0).capture
AT = datetime(2019, 4, 17, 6, 15, 2, 123456, tzinfo=UTC)
HTML = "<p>Le port a rouvert à l'aube.</p>".encode() * 50


def exchange(head: str, body: bytes, path: str = "a") -> Exchange:
    return Exchange(
        url=f"http://news.example.org/{path}",
        captured_at=AT,
        request=b"GET /a HTTP/1.1\r\nHost: news.example.org\r\n\r\n",
        response=f"HTTP/1.1 {head}\r\n\r\n".encode("latin-1") + body,
        ip_address="192.0.2.7",
        metadata={"source": "sample", "country": "tn", "languages": ["fr"], "feed_date": "2019-04-16T22:00:00+01:00"},
    )


def chunked(body: bytes) -> bytes:
    parts = [body[start : start + 100] for start in range(0, len(body), 100)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="captures")
        yield client


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("200 OK\r\nContent-Type: text/html", HTML),
        ("200 OK\r\nContent-Encoding: gzip", gzipped(HTML)),
        ("200 OK\r\nContent-Encoding: deflate", zlib.compress(HTML)),
        ("200 OK\r\nContent-Encoding: deflate", raw_deflate(HTML)),
        ("200 OK\r\nTransfer-Encoding: chunked", chunked(HTML)),
        ("200 OK\r\nTRANSFER-ENCODING: Chunked\r\nContent-Encoding: GZIP", chunked(gzipped(HTML))),
        ("200 OK\r\nContent-Encoding: gzip", HTML),  # the header is wrong
        ("200 OK\r\nTransfer-Encoding: chunked", HTML),  # this one too
        ("404 Not Found", HTML),
        ("200", HTML),
    ],
)
def test_page_is_read_decoded(head: str, body: bytes) -> None:
    """A page comes back decoded from bytes kept as received."""
    written = exchange(head, body)
    data = capture.serialise([written], KEY)
    (read,) = capture.read(io.BytesIO(data))
    assert read.body == HTML
    assert read.damage is None
    assert (read.url, read.captured_at, read.status) == (written.url, AT, int(head[:3]))
    assert read.metadata == written.metadata
    record = gzip.decompress(data[read.offset : read.offset + read.length])
    assert record.partition(b"\r\n\r\n")[2] == written.response + b"\r\n\r\n"


def test_page_carries_crawl_metadata() -> None:
    """A page carries what the crawl knew."""
    (read,) = capture.read(io.BytesIO(capture.serialise([exchange("200 OK\r\nContent-Type: text/html", HTML)], KEY)))
    page = read.page()
    assert (page.source, page.country, page.languages, page.content_type) == ("sample", "tn", ("fr",), "text/html")
    assert page.feed_date == datetime.fromisoformat("2019-04-16T22:00:00+01:00")


def test_metadata_type_is_replayable() -> None:
    """pywb and cdxj-indexer take any other metadata record for an answer of the same URL."""
    data = capture.serialise([exchange("200 OK\r\nContent-Type: text/html", HTML)], KEY)
    types = {record.rec_type: record.content_type for record in ArchiveIterator(io.BytesIO(data))}
    assert types["metadata"] == "application/warc-fields"


@pytest.mark.parametrize(
    ("media_type", "block", "known"),
    [
        (
            "application/warc-fields",
            b'json-metadata: {"source": "gazette", "feed_title": "\xd8\xb3:"}\r\n',
            "gazette",
        ),
        ("application/json", b'{"source": "gazette"}', "gazette"),  # captures of before
        ("application/json", b"[1]", None),
        ("application/warc-fields", b"via: http://news.example.org/\r\noutlink: http://other.example/ L a/@href", None),
        ("text/plain", b"", None),
    ],
)
def test_metadata_of_other_crawlers(media_type: str, block: bytes, known: str | None) -> None:
    """What a crawl knew is told from what another crawler notes."""
    assert metadata.read(media_type, block).get("source") == known


def test_headers_keep_bytes() -> None:
    """Headers keep case order and bytes."""
    head = "200 OK\r\nx-CaSe: \xe9\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Type: text/html"
    data = capture.serialise([exchange(head, HTML)], KEY)
    assert head.encode("latin-1") in gzip.decompress(data)


@pytest.mark.parametrize(
    ("encoding", "body", "stored"),
    [("\r\ncontent-encoding: GZIP", gzipped(HTML), True), ("", HTML, False)],
)
def test_compressed_body_stays_compressed(encoding: str, body: bytes, stored: bool) -> None:
    """What the server compressed is not compressed again."""
    data = capture.serialise([exchange(f"200 OK{encoding}", body)], KEY)
    assert (body in data) == stored
    assert len(data) < 2500


def test_record_is_one_range() -> None:
    """One record is one range read."""
    data = capture.serialise([exchange("200 OK", b"one", "1"), exchange("200 OK", b"two", "2")], KEY)
    _, second = capture.read(io.BytesIO(data))
    one = capture.read_one(data[second.offset : second.offset + second.length])
    assert (one.url, one.body) == (second.url, b"two")


def test_same_exchanges_same_bytes() -> None:
    """The same exchanges give the same bytes."""
    pages = [exchange("200 OK", HTML)]
    assert capture.serialise(pages, KEY) == capture.serialise(pages, KEY)


@pytest.mark.parametrize(
    ("body", "damage"),
    [
        (gzipped(HTML)[:-12], "ends early"),
        (gzipped(HTML)[:-8] + bytes(8), "cannot be decoded"),
        (gzipped(bytes(capture.MAX_BODY + 1)), "longer than"),
    ],
)
def test_damaged_body_says_so(body: bytes, damage: str) -> None:
    """A damaged or endless body says so."""
    head = "200 OK\r\nContent-Encoding: gzip"
    (read,) = capture.read(io.BytesIO(capture.serialise([exchange(head, body)], KEY)))
    assert damage in (read.damage or "")
    assert len(read.body) <= capture.MAX_BODY


def test_records_before_damage_read() -> None:
    """What comes before damage is read."""
    data = capture.serialise([exchange("200 OK", HTML, str(number)) for number in range(3)], KEY)
    *_, last = capture.read(io.BytesIO(data))
    cut = [page.damage for page in capture.read(io.BytesIO(data[: last.offset + last.length - 60]))]
    assert cut == [None, None, "the record ends early"]
    torn = data[: last.offset + 200] + b"\0" * 100 + data[last.offset + 300 :]
    pages = capture.read(io.BytesIO(torn))
    assert [next(pages).url[-1], next(pages).url[-1]] == ["0", "1"]
    with pytest.raises(DamagedCaptureError) as error:
        next(pages)
    assert error.value.offset == last.offset


def test_words_that_were_changed_show() -> None:
    record = gzip.decompress(capture.serialise([exchange("200 OK", HTML)], KEY))
    (read,) = capture.read(io.BytesIO(record.replace(b"rouvert", b"couvert")))
    assert "WARC-Block-Digest" in (read.damage or "")


def revisits(response: bytes) -> Exchange:
    """What a server sends for the page that ``exchange`` captured."""
    first = exchange("200 OK", HTML)
    payload = Payload(first.url, AT, capture.payload_digest(first.response))
    return replace(first, captured_at=AT + timedelta(hours=1), response=response, revisits=payload)


@pytest.mark.parametrize(
    ("response", "profile", "status"),
    [
        (b'HTTP/1.1 304 Not Modified\r\nETag: "7"\r\n\r\n', "server-not-modified", 304),
        (b'HTTP/1.1 200 OK\r\netag: "7"\r\n\r\n' + HTML, "identical-payload-digest", 200),
    ],
)
def test_known_payload_is_revisit(response: bytes, profile: str, status: int) -> None:
    """A payload that was captured before is not written again."""
    written = revisits(response)
    data = capture.serialise([exchange("200 OK", HTML), written], KEY)
    first, again = capture.read(io.BytesIO(data))
    assert (again.revisit, again.status, again.body, again.damage) == (True, status, b"", None)
    assert again.revisits == written.revisits == Payload(first.url, first.captured_at, str(first.payload_digest))
    assert (again.payload_digest, again.validators) == (first.payload_digest, ('"7"', None))
    assert again.metadata == written.metadata
    record = gzip.decompress(data[again.offset : again.offset + again.length])
    assert f"WARC-Profile: http://netpreserve.org/warc/1.1/revisit/{profile}\r\n".encode() in record
    assert b"WARC-Refers-To-Date: 2019-04-17T06:15:02.123456Z\r\n" in record
    assert HTML not in record


def test_rendered_page_keeps_both() -> None:
    """A rendered page is read as its document and keeps what the server sent."""
    shell, document = b"<div id=app></div>", "<p>Le port a rouvert à l'aube.</p>".encode()
    written = replace(exchange("200 OK\r\nContent-Type: text/html; charset=windows-1256", shell), rendered=document)
    data = capture.serialise([written, exchange("200 OK", HTML, "b")], KEY)
    first, second = capture.read(io.BytesIO(data))
    assert (first.rendered, first.body, first.content_type) == (True, document, "text/html; charset=utf-8")
    assert (second.rendered, second.body, first.metadata) == (False, HTML, written.metadata)
    assert first.payload_digest == capture.payload_digest(written.response)
    records = data[first.offset : first.offset + first.length]
    assert written.response + b"\r\n\r\n" in gzip.decompress(records)
    assert capture.read_one(records).body == document


def test_foreign_conversion_replaces_nothing() -> None:
    """What others made of a page does not replace it."""
    record = gzip.decompress(capture.serialise([replace(exchange("200 OK", HTML), rendered=b"text")], KEY))
    for of_another in (b"Content-Type: text/plain;", b"WARC-Refers-To: <urn:x>"):
        name = of_another.partition(b":")[0]
        head, conversion, rest = record.partition(b"WARC-Type: conversion")
        changed = re.sub(name + rb": [^;\r]*;?", of_another, rest, count=1)
        (read,) = capture.read(io.BytesIO(head + conversion + changed))
        assert (read.rendered, read.body) == (False, HTML)


@pytest.mark.parametrize("tool", ["check", "index"])
def test_warcio_accepts_every_record(tool: str, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    heads = ["200 OK", "200 OK\r\nContent-Encoding: gzip", "404 Not Found"]
    bodies = [HTML, gzipped(HTML), b""]
    pages = [exchange(h, b) for h, b in zip(heads, bodies, strict=True)]
    pages[1] = replace(pages[1], rendered=HTML)
    again = [revisits(b"HTTP/1.1 304 Not Modified\r\n\r\n"), revisits(pages[0].response)]
    path.write_bytes(capture.serialise([*pages, *again], KEY))
    command = [sys.executable, "-m", "warcio.cli", tool, *(["-v"] if tool == "check" else []), str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.count("digest pass" if tool == "check" else "warc-type") == (15 if tool == "check" else 17)
    assert answer.stdout.count("not checked (revisit)") == (2 if tool == "check" else 0)
    assert "fail" not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("pages", "size", "age", "full"), [(1, 0, 0, False), (3, 0, 0, True), (1, 999, 0, True), (1, 0, 9, True)]
)
def test_batch_closes_by_limits(pages: int, size: int, age: int, full: bool) -> None:
    """A batch closes by count size or age."""
    now = 100.0
    batch = Batch(CRAWL, max_pages=3, max_bytes=1000, max_age=9, clock=lambda: now)
    assert not batch.full
    for _ in range(pages):
        batch.add(exchange("200 OK", b"x" * size))
    now += age
    assert batch.full is full


def test_the_store_never_overwrites(s3: S3Client) -> None:
    stored = []
    for number in (0, 1, 2, 2):  # the last one again, as after an answer that was lost
        batch = Batch(CRAWL)
        batch.add(exchange("200 OK", HTML, str(number)))
        stored.append(CaptureStore(s3, "captures", source="sample", crawl=CRAWL).put(batch))
    assert stored == [Stem("sample", CRAWL, number).capture for number in (0, 1, 2, 2)]


def test_certificates_are_stored_once(s3: S3Client) -> None:
    """Each certificate is stored once beside the WARC files, whatever the number of pages and crawls."""
    requests = Counter[str]()
    s3.meta.events.register("before-call.s3", lambda model, **_: requests.update([model.name]))
    for crawl in ("20190417T061500Z-sample", "20190418T061500Z-sample"):
        store = CaptureStore(s3, "captures", source="sample", crawl=crawl)
        for number in range(3):
            batch = Batch(crawl)
            for certificate in (b"one", b"other", b"", b"one"):
                batch.add(replace(exchange("200 OK", HTML, f"{number}"), certificate=certificate))
            store.put(batch)
    listed = s3.list_objects_v2(Bucket="captures", Prefix=object_keys.CERTIFICATES)["Contents"]
    assert [found["Key"] for found in listed] == sorted(
        object_keys.certificate(hashlib.sha256(each).hexdigest()) for each in (b"one", b"other")
    )
    assert requests["PutObject"] == 6 + 2
    assert requests["GetObject"] == 2 * 2
