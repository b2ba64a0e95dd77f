"""Withdrawing a story: no byte of it is left, everything else is where it was, and the fact is kept."""

import dataclasses
import gzip
import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dateline import instants
from dateline.article import Extraction, Outcome
from dateline.capture import inflate
from dateline.index.withdrawals import Withdrawal
from dateline.keys import identifiers, item_keys, object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.reextract import Reextraction
from dateline.maintenance.withdraw import Done, Withdrawing
from dateline.messages import ReextractMessage
from dateline.page import Page
from dateline.state.crawl_state import CrawlState
from dateline.story import StoryItem
from dateline.verify import Finding, Kind, Scope, Spool, Verification
from tests.conftest import Aws, emulated
from tests.maintenance.test_reextract import new
from tests.spiders.test_revisits import crawl
from tests.support.checkout import Checkout
from tests.support.damages import flipped
from tests.support.imports import page, record, response
from tests.support.outlet import Outlet, answer, item, rss
from tests.support.samples import NOON, KilledError, Newsroom, killer_of_writes

WORDS = (
    "The salt works of Thyna expect to load forty lighters this month, said the foreman, who keeps the tally in chalk "
    "on the door of the weighing house. The flamingos, which came a week early, have taken the third basin, and nobody "
    "may rake there until they leave."
)
SECRET = b"secret"
PAGES = [
    [("a", "Port|A secret story."), ("b", "Dull|Words.")],
    [("b", "Dull|Words."), ("a", "Port|A secret story, changed.")],
    [("a", "Port|A  secret story,  changed."), ("c", "Other|Words."), ("a", "Port|A secret story, changed.")],
    [("a?amp=1", "elsewhere|A secret story, shortened."), ("d", "Fourth|Words.")],
    [("a", "bomb|A secret story that nothing can be made of.")],
]
ID = identifiers.article_id("http://news.example.org/a")
NOW = datetime.now(UTC)


def extract(page: Page) -> Extraction:
    """As from pages of which one has the story under another URL, and one cannot be examined."""
    if b"bomb" in page.body:
        return Extraction(Outcome.QUARANTINED, reason="it took too long")
    found = new(page)
    if found.article and found.article.title == "elsewhere":
        return found._replace(article=dataclasses.replace(found.article, id=ID, url="http://news.example.org/a"))
    return found


@pytest.fixture
def newsroom(aws: Aws) -> Newsroom:
    """A newsroom with captures that are versioned, as deployed."""
    aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
    newsroom = Newsroom(aws)
    for key in [newsroom.capture(*pages) for pages in PAGES]:
        newsroom.archive(extract=extract).add(key)
    return newsroom


def story(newsroom: Newsroom, id: str = ID) -> StoryItem:
    found = newsroom.query().story(id)
    assert found
    return found


def withdraw(newsroom: Newsroom, id: str = ID) -> Done:
    aws = newsroom.aws
    withdrawing = Withdrawing(aws.deployment, clock=lambda: NOW)
    return withdrawing.withdraw(story(newsroom, id), "a court's order")


def reextract(newsroom: Newsroom, key: str, run: str) -> None:
    Reextraction(newsroom.archive(extract=extract)).reextract(ReextractMessage(run=run, key=key))


def everything(aws: Aws) -> dict[tuple[str, str], bytes]:
    """Every version of every object, by key and version."""
    found = {}
    for bucket in (aws.captures, aws.archive):
        for version in aws.s3.list_object_versions(Bucket=bucket).get("Versions", []):
            key, id = version["Key"], version["VersionId"]
            found[key, id] = aws.s3.get_object(Bucket=bucket, Key=key, VersionId=id)["Body"].read()
    return found


def opened(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def left(newsroom: Newsroom) -> list[str]:
    """Where there is still something of the story's words."""
    objects = [key for (key, _), data in everything(newsroom.aws).items() if SECRET in opened(data)]
    return objects + [item["PK"] for item in newsroom.items() if "Port" in str(item)]


def verified(newsroom: Newsroom, folder: Path) -> list[Finding]:
    aws = newsroom.aws
    path = folder / "verify" / f"{len(list(folder.iterdir()))}.sqlite"
    with closing(Spool(path)) as spool:
        found = list(Verification(aws.deployment, spool, scope=Scope()).findings())
    path.rename(folder / path.name)
    return found


def test_withdraw_leaves_no_byte(newsroom: Newsroom, tmp_path: Path) -> None:
    """No byte of it is left and all else is where it was."""
    for number, key in enumerate(list(keys_of(newsroom))):
        reextract(newsroom, key, f"20190418T12000{number}Z-again")
    before, sizes = newsroom.items(), {key: len(data) for (key, _), data in everything(newsroom.aws).items()}
    others = {item["id"]: newsroom.query().article(item) for item in newsroom.query().of_all() if item["id"] != ID}
    assert left(newsroom)
    done = withdraw(newsroom)
    assert left(newsroom) == []
    assert (done.captures, len(done.withdrawal.pages), done.locked) == (5, 6, [])
    assert {item["id"]: newsroom.query().article(item) for item in newsroom.query().of_all()} == others
    for kept in newsroom.items():
        if kept["SK"].startswith("REV#"):
            assert next(each for each in before if each["SK"] == kept["SK"])["capture"] == kept["capture"]
    captures = {key: len(data) for (key, _), data in everything(newsroom.aws).items() if key.startswith("captures/")}
    assert captures == {key: size for key, size in sizes.items() if key.startswith("captures/")}
    assert verified(newsroom, tmp_path) == []


def keys_of(newsroom: Newsroom) -> Iterator[str]:
    for found in newsroom.aws.s3.list_objects_v2(Bucket=newsroom.aws.captures)["Contents"]:
        if found["Key"].startswith("captures/"):
            yield found["Key"]


def test_the_fact_is_kept(newsroom: Newsroom) -> None:
    withdrawal = withdraw(newsroom).withdrawal
    body = newsroom.aws.s3.get_object(Bucket=newsroom.aws.captures, Key=object_keys.withdrawal(ID))["Body"].read()
    assert Withdrawal.from_json(body) == withdrawal
    assert story(newsroom) == {
        **item_keys.article(ID),
        "id": ID,
        "url": "http://news.example.org/a",
        "source": "sample",
        "reason": "a court's order",
        "withdrawn_at": instants.utc(NOW),
    }
    assert withdrawal.urls == ("http://news.example.org/a", "http://news.example.org/a?amp=1")


def test_rebuild_without_withdrawn(newsroom: Newsroom) -> None:
    """The table is made anew without it."""
    withdraw(newsroom)
    assert_rebuilt_the_same(newsroom)


def assert_rebuilt_the_same(newsroom: Newsroom) -> None:
    """But for registers of what is there no more, and what the captures' crawls, which there were none, would know."""
    aws, before = newsroom.aws, newsroom.items()
    with aws.table.batch_writer() as batch:
        for item in before:
            batch.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})
    rebuild(aws.deployment, unarchived=pytest.fail)
    of_withdrawal = [item for item in newsroom.items() if item["SK"] != "STATE" or "withdrawn_at" in item]
    assert of_withdrawal == [item for item in before if not is_empty_register(item, of_withdrawal)]


def test_copies_form_new_cluster(newsroom: Newsroom, tmp_path: Path) -> None:
    """Its copies stay and are a cluster without it."""
    newsroom.archive(extract=extract).add(newsroom.capture(("w1", f"First|{WORDS}"), ("w2", f"Second|{WORDS}")))
    newsroom.archive(extract=extract).add(newsroom.capture(("w3", f"Third|{WORDS}")))
    first, second, third = (identifiers.article_id(f"http://news.example.org/w{number}") for number in (1, 2, 3))
    assert [each["id"] for each in newsroom.query().cluster(second)] == [first, second, third]
    withdraw(newsroom, first)
    assert [each["id"] for each in newsroom.query().cluster(third)] == [second, third]
    assert not [
        item for item in newsroom.items() if first in str(item) and item["PK"].startswith(("BAND#", "CLUSTER#"))
    ]
    assert verified(newsroom, tmp_path) == []
    assert_rebuilt_the_same(newsroom)


def is_empty_register(item: dict[str, Any], rebuilt: list[dict[str, Any]]) -> bool:
    return item.keys() == {"PK", "SK"} and item not in rebuilt


def test_later_captures_stay_out(newsroom: Newsroom, tmp_path: Path) -> None:
    """What is captured of it later is not archived."""
    withdraw(newsroom)
    key = newsroom.capture(("a", "Port|A secret story, once more."), ("e", "Fifth|Words."))
    withdrawn, other = newsroom.archive(extract=extract).add(key)
    assert (withdrawn.outcome, withdrawn.reason, other.outcome) == ("not_article", "withdrawn", "archived")
    (finding,) = verified(newsroom, tmp_path)
    assert (finding.kind, finding.key, finding.offset) == (Kind.NOT_REMOVED, key, withdrawn.offset)
    assert finding.mend == f"dateline withdraw {ID}, to continue"
    assert left(newsroom) == [key]
    assert withdraw(newsroom).withdrawal.reason == "a court's order"
    assert left(newsroom) == []
    assert verified(newsroom, tmp_path) == []


def get(newsroom: Newsroom, key: str) -> bytes:
    return bytes(newsroom.aws.s3.get_object(Bucket=newsroom.aws.captures, Key=key)["Body"].read())


def put(newsroom: Newsroom, key: str, *versions: bytes) -> None:
    for data in versions:
        newsroom.aws.s3.put_object(Bucket=newsroom.aws.captures, Key=key, Body=data)


LEFT: dict[str, Callable[[Newsroom, str, bytes], None]] = {
    "an earlier version": lambda newsroom, key, data: put(newsroom, key, data, get(newsroom, key)),
    "what was put beside it": lambda newsroom, key, data: put(newsroom, object_keys.withdrawing(key), data),
    "the page itself": put,
}


@pytest.mark.parametrize("what", LEFT)
def test_verify_finds_remains(newsroom: Newsroom, tmp_path: Path, what: str) -> None:
    """Verification finds what a withdrawal left."""
    key = next(keys_of(newsroom))
    data = get(newsroom, key)
    withdraw(newsroom)
    LEFT[what](newsroom, key, data)
    assert {finding.kind for finding in verified(newsroom, tmp_path)} == {Kind.NOT_REMOVED}
    withdraw(newsroom)
    assert left(newsroom) == []
    assert verified(newsroom, tmp_path) == []


@pytest.mark.parametrize("at", [0.2, 0.5, 0.95])
def test_damaged_capture_is_scrubbed(newsroom: Newsroom, at: float) -> None:
    """Of a damaged capture too nothing is left."""
    key = newsroom.capture(("a", "Port|A secret story in its third wording."))
    newsroom.archive(extract=extract).add(key)
    data = get(newsroom, key)
    put(newsroom, key, flipped(at)(data))
    withdraw(newsroom)
    body = get(newsroom, key)
    pieces = [body[offset:] for offset in range(len(body)) if body.startswith(b"\x1f\x8b", offset)]
    assert not [piece for piece in pieces if SECRET in inflate(piece)[0]]


def test_extracting_again_brings_nothing_back(newsroom: Newsroom) -> None:
    withdraw(newsroom)
    items = newsroom.items()
    for key in list(keys_of(newsroom)):
        reextract(newsroom, key, "20190419T120000Z-again")
    assert newsroom.items() == items


def test_killed_withdraw_is_resumed(template: dict[str, Any]) -> None:
    """Killed at any of its calls it is taken up."""
    ends, killed = [], True
    for call in itertools.count(1):
        with emulated(template) as aws:
            aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
            newsroom = Newsroom(aws)
            newsroom.archive(extract=extract).add(newsroom.capture(*PAGES[0], *PAGES[4]))
            die, killed = killer_of_writes(call), False
            aws.on_call("before-call", die)
            try:
                withdraw(newsroom)
            except KilledError:
                killed = True
            aws.off_call("before-call", die)
            withdraw(newsroom)
            assert left(newsroom) == []
            bodies = {key: data for (key, _), data in everything(aws).items()}
            ends.append((newsroom.items(), bodies))
        if not killed:
            break
    assert len(ends) > 15
    assert all(end == ends[-1] for end in ends)


LOCKS = {"GOVERNANCE": 0, "COMPLIANCE": 1}


@pytest.mark.parametrize("mode", LOCKS)
def test_locked_files_are_told(template: dict[str, Any], mode: str) -> None:
    """A lock that nobody can lift is told."""
    with emulated(template) as aws:
        locked = dataclasses.replace(aws, captures="locked")
        aws.s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        rule: Any = {"DefaultRetention": {"Mode": mode, "Days": 365}}
        aws.s3.put_object_lock_configuration(
            Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )
        newsroom = Newsroom(locked)
        (key,) = keys_of_one = [newsroom.capture(*PAGES[0])]
        newsroom.archive(extract=extract).add(key)
        done = withdraw(newsroom)
        assert [lock.key for lock in done.locked] == keys_of_one * LOCKS[mode]
        assert left(newsroom) == [key] * LOCKS[mode]
        if done.locked:
            assert f"{NOW + timedelta(days=365):%Y-%m}" in done.locked[0].until
        assert "withdrawn_at" in story(newsroom)


def test_withdrawn_url_not_crawled(aws: Aws) -> None:
    """No crawl asks for it again."""
    feed = answer(rss(item("/a", title="Port"), item("/b")))
    with Outlet({"/feed": feed, "/a": answer("<h1>Port"), "/b": answer("<h1>B")}) as outlet:
        source = outlet.source(validators="ignore", revisit=((10**6, 0),))
        url = f"{outlet.url}/a"
        withdrawal = Withdrawal(
            id="x", url=url, source=source.id, reason="an order", withdrawn_at=instants.utc(NOON), urls=(url,)
        )
        CrawlState(aws.deployment).save_urls(withdrawal.states)
        report = crawl(aws, source, "first")
        assert outlet.paths() == ["/feed", "/b"]
        assert (report.known, report.captured) == (1, 1)


@pytest.mark.cloud
def test_withdraw_command(checkout: Checkout, tmp_path: Path) -> None:
    """The command withdraws and the rest stays sound."""
    pages = [record(f"https://withdrawn.example/{number}", response(page(number))) for number in (1, 2)]
    (tmp_path / "a.warc").write_bytes(b"".join(pages))
    checkout.dateline("import", str(tmp_path / "a.warc"), "--any-host")
    story, other = checkout.dateline("query", "--source", "withdrawn-example")
    (done,) = checkout.dateline("withdraw", story["id"], "--reason", "a court's order", "--yes")
    assert (done["captures"], done["locked"]) == (1, [])
    (left,) = checkout.dateline("query", "--source", "withdrawn-example")
    assert left | {name: other[name] for name in ("article", "cluster")} == other
    for bucket, prefix in (
        ("CaptureBucket", "captures/withdrawn-example/"),
        ("ArchiveBucket", "articles/withdrawn-example/"),
    ):
        (data,) = checkout.objects(bucket, prefix).values()
        assert (story["title"].encode() in opened(data), other["title"].encode() in opened(data)) == (False, True)
    with checkout.start("show", story["id"]) as running:
        assert running.communicate(timeout=60)[0] == ""
        assert running.returncode == 1
    (summary,) = checkout.dateline("verify", "--source", "withdrawn-example")
    assert summary["found"] == 0
