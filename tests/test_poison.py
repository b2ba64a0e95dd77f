"""A batch of pages with poison among them, through the handler as it is deployed."""

import gzip
import importlib
import json
import os
import re
import signal
import time
import zlib
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dateline import capture, keys
from dateline.archive import read_articles, read_outcomes
from dateline.article import Extraction, Outcome
from dateline.capture import Exchange
from dateline.extraction import extract
from dateline.extraction.rulebook import Rulebook
from dateline.messages import capture_event
from dateline.page import Page
from tests.conftest import Aws
from tests.samples import NOON
from tests.test_events import Context

STORY = """<html lang="en"><body><article><h1>Well {number} is mended</h1>
<p>The pump of well number {number} was mended on Monday, and by noon the last of the queue had gone home again.</p>
<p>The council had waited two summers for the part, before somebody drove to the coast to fetch it at the works.</p>
</article></body></html>"""
# Each paragraph is compared with all that go before it, and each of these with all before: no harm in a story of two.
RULES = "extract = { section = '//p[count(preceding::p[count(preceding::p) > 1]) > 1]/@title', optional = ['section'] }"


def encoded(number: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{STORY.format(number=number)}".encode()


def hang() -> bytes:
    """A page with which a rule of its own source does not come to an end."""
    return encoded(0).replace(b"</article>", b"<p>Yes.</p>" * 5_000 + b"</article>")


def nested() -> bytes:
    """2 GB of nested tags in 2 MB: one block of a gzip body over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b"<div>" * (16 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    header = gzip.compress(b"", mtime=0)[:10]
    blocks = -(-(2 << 30) // (5 * (16 << 20)))
    # Its checksum is never come to.
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + header + block * blocks + b"\x03\x00" + b"\0" * 8


def large() -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + (STORY.format(number=0).encode() + b"<!-- and so on -->" * 64) * 30_000


def extract_with_bugs(page: Page, rulebook: Rulebook) -> Extraction:
    """The real extraction, with two bugs that only these pages meet."""
    if b"Well 94 " in page.body:
        os.kill(os.getpid(), signal.SIGKILL)  # what a crash of the parser comes to
    if b"Well 131 " in page.body:
        re.match(r"(a+)+$", "a" * 64 + "b")  # never ends, and holds the interpreter's lock
    return extract(page, rulebook)


POISON = {20: hang(), 57: nested(), 94: encoded(94), 131: encoded(131), 168: large()}


def test_195_of_200_pages_are_archived_as_usual_and_5_put_aside(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: dict[str, Any]
) -> None:
    (tmp_path / "sample.toml").write_text(RULES, "utf-8")
    variables = {"CAPTURE_BUCKET": aws.captures, "ARCHIVE_BUCKET": aws.archive, "TABLE": aws.table.name}
    variables |= {"SOURCES": str(tmp_path), "PAGE_SECONDS": "2"}
    for name, value in variables.items():
        monkeypatch.setenv(f"DATELINE_{name}", value)
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "1")
    stem = keys.Stem("sample", keys.crawl_name(NOON, "poison"), 0)
    exchanges = [
        Exchange(
            url=f"http://news.example.org/{number}",
            captured_at=NOON + timedelta(seconds=number),
            request=b"GET / HTTP/1.1\r\n\r\n",
            response=POISON.get(number) or encoded(number),
            metadata={"source": "sample", "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"},
        )
        for number in range(200)
    ]
    aws.s3.put_object(Bucket=aws.captures, Key=stem.capture, Body=capture.serialise(exchanges, stem.capture))
    function = importlib.reload(importlib.import_module("extract"))
    monkeypatch.setattr(function, "extract", extract_with_bugs)
    record = {"messageId": "1", "eventSource": "aws:sqs", "body": capture_event(aws.captures, stem.capture)}
    begun = time.monotonic()
    assert function.handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert time.monotonic() - begun < template["Resources"]["ExtractFunction"]["Properties"]["Timeout"]
    outcomes = read_outcomes(aws.s3.get_object(Bucket=aws.archive, Key=stem.outcomes)["Body"].read())
    assert Counter(page.outcome for page in outcomes) == {Outcome.ARCHIVED: 195, Outcome.QUARANTINED: 5}
    assert {number: page.reason for number, page in enumerate(outcomes) if page.outcome is Outcome.QUARANTINED} == {
        20: "extraction took more than 2 seconds",
        57: capture.encodings.TOO_LONG,
        94: "extraction died: SIGKILL",
        131: "extraction took more than 2 seconds",
        168: capture.encodings.TOO_LONG,
    }
    articles = read_articles(aws.s3.get_object(Bucket=aws.archive, Key=stem.articles)["Body"].read())
    sound = [number for number in range(200) if number not in POISON]
    assert [stored.article.title for stored in articles] == [f"Well {number} is mended" for number in sound]
    reports = aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="quarantine/")["Contents"]
    assert len(reports) == 5
    print(json.dumps({"seconds": round(time.monotonic() - begun, 1)}))
