"""Verification: it finds each of many planted damages, says what mends it, and finds nothing on a sound archive."""

import dataclasses
import itertools
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dateline.article import Extraction, Outcome
from dateline.keys import object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.reextract import Reextraction
from dateline.messages import CrawlReport, ReextractMessage
from dateline.page import Page, Payload
from dateline.state.rounds import Rounds
from dateline.verify import Costs, Finding, Scope, Spool, Verification, costs
from dateline.verify.spool import text
from tests.conftest import Aws, emulated
from tests.maintenance.test_reextract import new, old
from tests.support.checkout import Checkout
from tests.support.damages import OF_CAPTURES, OF_THE_ARCHIVE, OF_THE_INDEX, Archived, change_item, edit, garbage
from tests.support.samples import NOON, KilledError, Newsroom, killer

WORDS = (
    "The ferry from Sfax will call at Mahdia again from Friday, twice a week, said the harbour office, which has had "
    "the old landing stage mended by a joiner, two divers and the pupils of the school of fishery. A ticket costs nine "
    "dinars, and bicycles travel free."
)
PAGES = [
    [("a", "A dated story|One.§Two."), ("b", "front page"), ("g", "Third|Boats left Sfax.")],
    [("a", "A dated story|Other words."), ("c", "here|Words."), ("d", "T|bomb"), ("e", "Story|W."), ("e", "Story|W.")],
    [("a", "A dated story|Other words."), ("f", "Another|Words."), ("w", f"Wire|{WORDS}"), ("v", f"Copy|{WORDS}")],
]


def extract(page: Page) -> Extraction:
    if b"bomb" in page.body:
        return Extraction(Outcome.QUARANTINED, reason="it took too long")
    return old(page)


@pytest.fixture(scope="module")
def sound(template: dict[str, Any]) -> Iterator[tuple[Archived, Any]]:
    """A sound archive, and what is in it."""
    with emulated(template) as aws:
        archived = archive(aws)
        yield archived, archived.contents()


@pytest.fixture
def archived(sound: tuple[Archived, Any]) -> Iterator[Archived]:
    """The same, whatever a test does to it."""
    yield sound[0]
    sound[0].restore(sound[1])


def archive(aws: Aws) -> Archived:
    newsroom = Newsroom(aws)
    captures = [newsroom.capture(*pages) for pages in PAGES]
    captures.append(newsroom.capture(("f", "no"), status="404 Not Found"))
    captures.append(
        newsroom.capture(("a", ""), status="304 Not Modified", revisits=Payload("http://x.example", NOON, "x"))
    )
    for key in captures:
        newsroom.archive(extract=extract).add(key)
    reextract(newsroom, captures[0], new)
    report = CrawlReport(
        source="sample",
        crawl=object_keys.parse(captures[0]).crawl,
        started_at="2019-04-17T12:00:00Z",
        discovered=3,
        captures={captures[0]: 3},
    )
    aws.s3.put_object(
        Bucket=aws.captures, Key=object_keys.crawl_report("sample", report.crawl), Body=report.to_json().encode()
    )
    newsroom.index.counters.add_crawl(report)
    return Archived(newsroom, captures)


def reextract(newsroom: Newsroom, key: str, extract: Callable[[Page], Extraction]) -> None:
    run = f"20190418T120000Z-{uuid.uuid4().hex}"
    Reextraction(newsroom.archive(extract=extract)).reextract(ReextractMessage(run=run, key=key))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "verify" / "run.sqlite")
    yield opened
    opened.close()


def verification(archived: Archived, spool: Spool, scope: Scope | None = None) -> Verification:
    aws = archived.newsroom.aws
    return Verification(aws.deployment, spool, scope=scope or Scope())


def test_sound_archive_no_findings(archived: Archived, spool: Spool) -> None:
    """It finds nothing on a sound archive, in which rounds were sent and not answered yet."""
    table = archived.newsroom.aws.table
    Rounds(table).sent("1/2", "20261130T221816Z-round", NOON)
    run = verification(archived, spool)
    assert list(run.findings()) == []
    assert run.progress.items == archived.newsroom.aws.table.scan()["Count"]
    listed = archived.newsroom.aws.s3.list_objects_v2(Bucket="captures")["Contents"]
    derived = [key for key in archived.newsroom.objects() if not key.startswith("reports/")]
    assert run.progress.objects == len(listed) + len(derived)


@pytest.mark.parametrize("damage", OF_CAPTURES)
def test_capture_damages_found(archived: Archived, spool: Spool, damage: str) -> None:
    """It finds each damage of captures."""
    plant, kinds = OF_CAPTURES[damage]
    plant(archived)
    found = list(verification(archived, spool).findings())
    assert {each.kind for each in found} == kinds, found


@pytest.mark.parametrize("damage", OF_THE_ARCHIVE | OF_THE_INDEX)
def test_derived_damages_repaired(archived: Archived, tmp_path: Path, damage: str) -> None:
    """It finds each damage of what is derived and its mend mends it."""
    plant, kinds = (OF_THE_ARCHIVE | OF_THE_INDEX)[damage]
    plant(archived)
    for attempt in itertools.count(1):
        with closing(Spool(tmp_path / f"{attempt}.sqlite")) as spool:
            found = list(verification(archived, spool).findings())
        if not found:
            break
        assert attempt > 1 or {each.kind for each in found} == kinds, found
        assert attempt < 4, found
        mend(archived, [each for each in found if not each.kind.of_table] or found)


def mend(archived: Archived, findings: Sequence[Finding]) -> None:
    """Do what they say, once for each command."""
    for command, finding in {each.mend: each for each in findings}.items():
        if "aws s3 rm" in command:
            archived.delete(finding.key)
        if "delete-item" in command:
            archived.delete_item({name: value["S"] for name, value in json.loads(finding.key).items()})
        if "the cluster's items" in command:
            over = {json.loads(finding.key)["PK"]["S"], *(f"ARTICLE#{id}" for id in finding.detail.split())}
            for item in archived.newsroom.items():
                if item["PK"] in over and (item["SK"] == "CURRENT" or item["PK"].startswith("CLUSTER#")):
                    archived.delete_item(item)
        if "reextract" in command:
            for capture in finding.captures:
                assert f"--key {capture}" in command
                reextract(archived.newsroom, capture, extract)
        if "rebuild" in command:
            for item in archived.newsroom.items():
                if item["SK"].startswith(("DAY#", "DONE#")):
                    archived.delete_item(item)
            aws = archived.newsroom.aws
            rebuild(aws.deployment, unarchived=pytest.fail)
        elif command.startswith("restore"):
            archived.delete(finding.key, object_keys.parse(finding.key).outcomes)


SCOPES = {
    "another source": (Scope(("other",)), 0),
    "the source": (Scope(("sample",)), 2),
    "from that day on": (Scope(since=date(2019, 4, 17)), 2),
    "from a later day on": (Scope(since=date(2019, 4, 18)), 0),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_verify_scope(archived: Archived, spool: Spool, scope: str) -> None:
    """Only what is asked for is looked at."""
    wanted, expected = SCOPES[scope]
    edit(archived, archived.first.capture, garbage)
    change_item(archived, "CURRENT", title="Another")
    assert len(list(verification(archived, spool, wanted).findings())) == expected


def test_interrupted_verify_resumes(archived: Archived, tmp_path: Path) -> None:
    """Interrupted at any of its calls it goes on from there."""
    for damage in ("a flipped bit", "missing articles", "a quarantine report without a page", "a changed title"):
        plant, _ = (OF_CAPTURES | OF_THE_ARCHIVE | OF_THE_INDEX)[damage]
        plant(archived)
    with closing(Spool(tmp_path / "whole.sqlite")) as spool:
        expected = [text(dataclasses.asdict(each)) for each in verification(archived, spool).findings()]
    killed, call = True, 0
    while killed:
        call += 1
        die, killed = killer(call), False
        archived.newsroom.aws.on_call("before-call", die)
        with closing(Spool(tmp_path / f"{call}.sqlite")) as spool:
            try:
                list(verification(archived, spool).findings())
            except KilledError:
                killed = True
        archived.newsroom.aws.off_call("before-call", die)
        with closing(Spool(tmp_path / f"{call}.sqlite")) as spool:
            again = verification(archived, spool)
            assert [text(dataclasses.asdict(each)) for each in again.findings()] == expected
    assert call > 20


def test_concurrent_changes_are_ignored(archived: Archived, spool: Spool) -> None:
    """What comes while it looks is left alone."""
    newsroom, run = archived.newsroom, verification(archived, spool)
    expected = run._items

    def meanwhile() -> Iterator[Finding]:
        for page in (("a", "A dated story|Third words."), ("new", "Story|New.")):
            newsroom.archive(extract=extract).add(newsroom.capture(page))
        return expected()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_items", meanwhile)
        assert list(run.findings()) == []


def test_verify_costs(archived: Archived, spool: Spool) -> None:
    """The costs are those of what is read."""
    aws = archived.newsroom.aws
    names = {"captures": aws.captures, "archive": aws.archive}
    found = costs(aws.s3, aws.table, **names, scope=Scope())
    run = verification(archived, spool)
    list(run.findings())
    assert (found.objects, found.items) == (run.progress.objects, run.progress.items)
    assert found.bytes == sum(
        len(data) for key, data in archived.contents()[0].items() if not key.startswith("reports/")
    )
    assert costs(aws.s3, aws.table, **names, scope=Scope(("other",))).objects == 0


@pytest.mark.parametrize(
    ("read", "dollars"),
    [
        (Costs(objects=1_000_000), 0.40),
        (Costs(objects=1_000_000, cold_objects=1_000_000), 10.00),
        (Costs(cold_bytes=10**9), 0.03),
        (Costs(table_bytes=4096 * 10**6), 0.125),
        (Costs(lists=1_000), 0.005),
    ],
)
def test_prices_are_the_list_prices(read: Costs, dollars: float) -> None:
    assert read.dollars == pytest.approx(dollars)


@pytest.mark.cloud
def test_verify_command(checkout: Checkout) -> None:
    """The command prints what is wrong and its mend."""
    checkout.dateline("crawl", "sample-gazette")
    (sound,) = checkout.dateline("verify", "--source", "sample-gazette")
    assert (sound["found"], sound["objects"] > 2, sound["items"] > 10) == (0, True, True)
    s3, bucket = checkout.cloud.client("s3"), checkout.cloud.outputs["ArchiveBucket"]
    key, body = next(iter(checkout.objects("ArchiveBucket", "outcomes/sample-gazette/").items()))
    s3.put_object(Bucket=bucket, Key=key, Body=body + b"x")
    try:
        with checkout.start("verify", "--source", "sample-gazette", "--json") as running:
            finding, summary = map(json.loads, running.communicate(timeout=60)[0].splitlines())
        assert (running.returncode, summary["found"]) == (1, 1)
        assert (finding["kind"], finding["key"], finding["offset"]) == ("damaged outcomes", key, len(body))
        report = checkout.objects("ArchiveBucket", object_keys.verification(summary["run"]))
        assert [json.loads(line) for line in b"".join(report.values()).splitlines()] == [summary, finding]
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
