"""Quarantine: what is in it and why, and that a page that leaves it is archived as if it had never been there."""

import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from dateline import capture
from dateline.archive.quarantine import QuarantineReport, reports
from dateline.article import Extraction, Outcome
from dateline.aws import objects
from dateline.capture import Exchange
from dateline.cli.collecting.tracking import FollowedReextraction
from dateline.cli.main import app
from dateline.cli.operating import quarantine as command
from dateline.cli.stack import Stack
from dateline.cli.terminal.output import CommandError
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.reextract import Reextraction
from dateline.messages import ReextractMessage
from dateline.page import Page
from infra.local.cloud import Cloud
from tests.maintenance.test_reextract import assert_rebuilt_the_same
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer

RUN = "20190418T120000Z-again"


def ill(page: Page) -> Extraction:
    """Gives up on pages with bombs, of whatever kind."""
    title = page.body.decode().partition("|")[0]
    return Extraction(Outcome.QUARANTINED, reason=f"died: {title}") if "bomb" in title else extract(page)


def mended(page: Page) -> Extraction:
    """Gives up on one kind of bomb still."""
    return ill(page) if b"big bomb" in page.body else extract(page)


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


@pytest.fixture
def key(newsroom: Newsroom) -> str:
    """A WARC file with two sound pages, two that went into quarantine, and one that comes out of it no more."""
    pages = ["Title|Words.", "bomb|Words.", "bomb dated|Words.", "big bomb|Words.", "front page"]
    key = newsroom.capture(*((f"{number}", body) for number, body in enumerate(pages)))
    newsroom.archive(extract=ill).add(key)
    return key


def reextract(newsroom: Newsroom, key: str, *, run: str = RUN, offsets: tuple[int, ...] | None = None) -> None:
    reextraction = Reextraction(newsroom.archive(extract=mended))
    reextraction.reextract(ReextractMessage(run=run, key=key, offsets=offsets))


def held(newsroom: Newsroom, **which: Any) -> list[QuarantineReport]:
    return list(reports(newsroom.aws.s3, newsroom.aws.archive, **which))


def attempts(report: QuarantineReport) -> list[tuple[str | None, str]]:
    return [(each.run, each.outcome.value) for each in report.history]


def counters(newsroom: Newsroom, key: str) -> tuple[int, ...]:
    item = newsroom.aws.table.get_item(Key=item_keys.day(newsroom.source, object_keys.parse(key).day))["Item"]
    return tuple(int(item[name]) for name in ("archived", "quarantined", "not_article"))


def test_report_locates_the_bytes(newsroom: Newsroom, key: str) -> None:
    """A report says why and where the bytes are."""
    first, *_ = found = held(newsroom)
    assert [report.last.reason for report in found] == ["died: bomb", "died: bomb dated", "died: big bomb"]
    assert (first.url, first.released, attempts(first)) == (
        "http://news.example.org/1",
        False,
        [(None, "quarantined")],
    )
    stored = json.loads(newsroom.objects()[first.key])
    assert (stored["outcome"], stored["reason"], stored["captured_at"]) == (
        "quarantined",
        "died: bomb",
        "2019-04-17T12:00:01.000Z",
    )
    at = first.capture
    data = objects.get_range(newsroom.aws.s3, bucket=at.bucket, key=at.key, offset=at.offset, length=at.length)
    assert (at.key, capture.read_one(data).body) == (key, b"bomb|Words.")


def test_released_page_is_indexed(newsroom: Newsroom, key: str) -> None:
    """A page is released with its place in the index and in the counters."""
    assert counters(newsroom, key) == (1, 3, 1)
    first, second, big = held(newsroom)
    reextract(newsroom, key, offsets=(first.capture.offset, big.capture.offset))
    released, untouched, still = held(newsroom)
    assert attempts(released) == [(None, "quarantined"), (RUN, "archived")]
    assert untouched == second
    assert attempts(still) == [(None, "quarantined"), (RUN, "quarantined")]
    assert [report.released for report in (released, untouched, still)] == [True, False, False]
    assert "mend" not in json.loads(newsroom.objects()[released.key])
    assert counters(newsroom, key) == (2, 2, 1)
    story = newsroom.query().story("http://news.example.org/1")
    assert story
    assert (story["title"], int(story["revision"]), story["captured_at"]) == ("bomb", 1, "2019-04-17T12:00:01.000Z")
    assert_rebuilt_the_same(newsroom)


def test_repeated_release_changes_nothing(newsroom: Newsroom, key: str) -> None:
    """A release told twice and other runs change nothing."""
    reextract(newsroom, key)
    found = held(newsroom)[:2]
    items = newsroom.items()
    reextract(newsroom, key)
    reextract(newsroom, key, run="20190419T120000Z-another")
    assert held(newsroom)[:2] == found
    assert newsroom.items() == items
    assert attempts(held(newsroom)[2]) == [
        (None, "quarantined"),
        (RUN, "quarantined"),
        ("20190419T120000Z-another", "quarantined"),
    ]


def test_killed_release_ends_same(newsroom: Newsroom) -> None:
    """A release killed at any of its calls comes to the same."""
    key, ends, call, killed = newsroom.capture(("a", "bomb|Words.")), [], 0, True
    while killed:
        newsroom.aws.clear_archive()
        newsroom.archive(extract=ill).add(key)
        call, killed = call + 1, False
        die = killer(call)
        newsroom.aws.on_call("before-call", die)
        try:
            reextract(newsroom, key)
        except KilledError:
            killed = True
        newsroom.aws.off_call("before-call", die)
        reextract(newsroom, key)
        ends.append((newsroom.items(), newsroom.objects()))
    assert call > 20
    assert all(end == ends[-1] for end in ends)


@pytest.fixture
def stack(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The sample newsroom's buckets as a deployed stack, whose function does at once what it is asked for."""
    aws = newsroom.aws
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive}
    found = Stack(s3=aws.s3, sqs=None, table=aws.table, outputs=outputs)  # type: ignore[arg-type]

    def carry_out(_: Stack, __: FollowedReextraction, messages: Iterable[ReextractMessage], ___: float) -> bool:
        for message in messages:
            reextract(newsroom, message.key, run=message.run, offsets=message.offsets)
        return True

    monkeypatch.setattr(Stack, "find", lambda _: found)
    monkeypatch.setattr(command, "carry_out", carry_out)
    return found


def run(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = CliRunner().invoke(app, ["quarantine", *arguments, "--json"], catch_exceptions=False)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("stack", "key")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["1", "2", "3"]),
        (["--source", "sample"], ["1", "2", "3"]),
        (["--since", "2019-04-17"], ["1", "2", "3"]),
        (["--since", "2019-04-18"], []),
        (["--reason", "BIG bomb"], ["3"]),
        (["--released"], []),
    ],
)
def test_list_shows_quarantine(options: list[str], found: list[str]) -> None:
    """List has what is in quarantine."""
    status, listed = run("list", *options)
    assert (status, [each["url"].rsplit("/", 1)[-1] for each in listed]) == (0, found)


@pytest.mark.usefixtures("stack")
def test_the_table_is_for_people(key: str) -> None:
    listed = CliRunner().invoke(app, ["quarantine", "list"]).stdout
    assert "died: big bomb" in listed
    assert f"quarantine/sample/{object_keys.parse(key).crawl}-0/" in listed


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("wanted", ["sample", "a capture", "reports"])
def test_release_takes_three_forms(newsroom: Newsroom, key: str, wanted: str) -> None:
    """Release takes a source a capture or reports."""
    listed = {"sample": ["sample"], "a capture": [key], "reports": [report.key for report in held(newsroom)]}[wanted]
    status, released = run("release", *listed)
    assert (status, [each["outcome"] for each in released]) == (1, ["archived", "archived", "quarantined"])
    assert len({each["run"] for each in released}) == 1
    assert [each["url"][-1] for each in run("list", "--released")[1]] == ["1", "2"]
    assert run("release", *listed, "--reason", "bomb dated") == (0, [])
    assert counters(newsroom, key) == (3, 1, 1)


@pytest.mark.usefixtures("stack", "key")
def test_release_refuses_unknown_pages() -> None:
    """Release refuses what names no page."""
    with pytest.raises(CommandError, match="neither a report in quarantine/ nor a capture nor a source"):
        run("release", "articles/x")


@pytest.mark.cloud
def test_poison_page_stays_quarantined(cloud: Cloud) -> None:
    """A page that is still poison stays in quarantine."""
    stem = Stem("sample-gazette", crawl_names.crawl_name(datetime.now(UTC), "poison"), 0)
    response = b"HTTP/1.1 200 OK\r\nContent-Encoding: compress\r\n\r\n\x1f\x9d\x90x\x00"
    exchange = Exchange(url="http://x.example/a", captured_at=NOON, request=b"GET /", response=response)
    body = capture.serialise([exchange], stem.capture)
    cloud.client("s3").put_object(Bucket=cloud.outputs["CaptureBucket"], Key=stem.capture, Body=body, IfNoneMatch="*")
    dateline = [sys.executable, "-m", "dateline"]
    told = [*dateline, "reextract", "--key", stem.capture]
    subprocess.run(told, cwd=cloud.folder.parent, check=False, capture_output=True)
    command = [*dateline, "quarantine", "release", stem.capture, "--json"]
    done = subprocess.run(command, cwd=cloud.folder.parent, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    (report,) = map(json.loads, done.stdout.splitlines())
    assert [each["outcome"] for each in report["history"]] == ["quarantined"] * 3
    assert report["reason"] == "the body has an unsupported content encoding: compress"
