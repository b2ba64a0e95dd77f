"""A batch of pages with poison among them, through the handler as it is deployed."""

import gzip
import importlib
import os
import random
import re
import signal
import time
import zlib
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dateline import capture
from dateline.archive.formats import read_articles, read_outcomes
from dateline.article import Extraction, Outcome
from dateline.capture import Exchange
from dateline.extraction import extract
from dateline.extraction.rulebook import Rulebook
from dateline.keys import crawl_names
from dateline.keys.object_keys import Stem
from dateline.messages import capture_event
from dateline.outcomes import articles_key
from dateline.page import Page
from tests.conftest import Aws
from tests.functions.test_events import Context
from tests.support.samples import NOON

THINGS = ("pump", "well", "ferry", "market", "school", "road", "bridge", "canal", "lamp", "roof", "clinic", "engine")
DEEDS = ("mended", "opened", "sold", "painted", "measured", "praised", "forgotten", "moved", "promised", "counted")


def story(number: int) -> str:
    """A story in words of its own, for of copies each is held against all the others."""
    chance = random.Random(number)
    told = (f"The {chance.choice(THINGS)} of street {chance.random()} was {chance.choice(DEEDS)}." for _ in range(12))
    return f'<html lang="en"><body><article><h1>Well {number} is mended</h1><p>{" ".join(told)}</p></article></body>'


STATED = """name = "Sample"
home = "https://news.example.org/"
country = "ly"
languages = ["en"]
timezone = "UTC"
"""
# Each paragraph is compared with all that go before it, and each of these with all before: no harm in a story of two.
RULES = "extract = { section = '//p[count(preceding::p[count(preceding::p) > 1]) > 1]/@title', optional = ['section'] }"


def encoded(number: int) -> bytes:
    """Of four pages one is a story, one a story that is gone, and two are none."""
    status, body = {
        0: ("200 OK", story(number)),
        1: ("404 Not Found", "<h1>Not here</h1>"),
        2: ("200 OK", "<h1>Short</h1><p>A few words.</p>"),
        3: ("200 OK", "<title>Libya</title>" + f"<article><h2>Story {number}</h2><p>Its teaser</p></article>" * 9),
    }[number % 4]
    return f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\n\r\n{body}".encode()


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
    return b"HTTP/1.1 200 OK\r\n\r\n" + (story(0).encode() + b"<!-- and so on -->" * 64) * 30_000


def extract_with_bugs(page: Page, rulebook: Rulebook) -> Extraction:
    """The real extraction, with two bugs that only these pages meet."""
    if b"Well 96 " in page.body:
        os.kill(os.getpid(), signal.SIGKILL)  # what a crash of the parser comes to
    if b"Well 132 " in page.body:
        re.match(r"(a+)+$", "a" * 64 + "b")  # never ends, and holds the interpreter's lock
    return extract(page, rulebook)


POISON = {20: hang(), 57: nested(), 96: encoded(96), 132: encoded(132), 168: large()}


def test_poison_pages_are_quarantined(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: dict[str, Any]
) -> None:
    """195 of 200 pages come to what they would and 5 are put aside."""
    (tmp_path / "ly").mkdir()
    (tmp_path / "ly" / "sample.toml").write_text(STATED + RULES, "utf-8")
    variables = {"CAPTURE_BUCKET": aws.captures, "ARCHIVE_BUCKET": aws.archive, "TABLE": aws.table.name}
    variables |= {"SOURCES": str(tmp_path), "PAGE_SECONDS": "3"}
    for name, value in variables.items():
        monkeypatch.setenv(f"DATELINE_{name}", value)
    stem = Stem("sample", crawl_names.crawl_name(NOON, "poison"), 0)
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
    monkeypatch.setattr("dateline.extraction.extract", extract_with_bugs)
    record = {
        "messageId": "1",
        "eventSource": "aws:sqs",
        "body": capture_event(aws.captures, stem.capture),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
    }
    begun = time.monotonic()
    assert function.handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert time.monotonic() - begun < template["Resources"]["ExtractFunction"]["Properties"]["Timeout"]
    outcomes = read_outcomes(aws.s3.get_object(Bucket=aws.archive, Key=stem.outcomes)["Body"].read())
    usual = [page.outcome.value for number, page in enumerate(outcomes) if number not in POISON]
    assert Counter(usual) == {"archived": 46, "gone": 49, "not_article": 100}
    assert {number: page.reason for number, page in enumerate(outcomes) if page.outcome is Outcome.QUARANTINED} == {
        20: "extraction took more than 3 seconds",
        57: capture.decoding.TOO_LONG,
        96: "extraction died: SIGKILL",
        132: "extraction took more than 3 seconds",
        168: capture.decoding.TOO_LONG,
    }
    articles = read_articles(aws.s3.get_object(Bucket=aws.archive, Key=articles_key(stem, outcomes))["Body"].read())
    stories = [number for number in range(0, 200, 4) if number not in POISON]
    assert [stored.article.title for stored in articles] == [f"Well {number} is mended" for number in stories]
    reports = aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="quarantine/")["Contents"]
    assert len(reports) == 5
