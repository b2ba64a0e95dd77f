"""Packs: a day's WARC files in one object, and everything that points into them as it was."""

import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dateline import capture
from dateline.article import Extraction
from dateline.aws import objects
from dateline.capture.fixity import records
from dateline.capture.packs import Packs
from dateline.keys import crawl_names, identifiers, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.packing import PackedDays, Packing
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.reextract import Reextraction
from dateline.maintenance.withdraw import Withdrawing
from dateline.messages import CrawlReport, ReextractMessage
from dateline.monitoring.counter_writes import Counters
from dateline.page import Page
from dateline.proofs.audit import audit
from dateline.proofs.trees import Trees
from dateline.verify import Kind, Scope, Spool, Verification
from tests.conftest import Aws
from tests.support import samples
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer_of_writes

TODAY = datetime.now(UTC).date()  # S3's LastModified, which moto takes from the clock
DAY = "2019-04-17"
WORDS = "A ferry links the ports.|The ferry sails twice a week. ليبيا"
PADDING = " " + "".join(f"<!-- {number * 7919} -->" for number in range(300))


def teased(page: Page) -> Extraction:
    """Pages of "title|text|what surrounds them", the latter other with each request."""
    body = b"|".join(page.body.split(b"|")[:2])
    return extract(dataclasses.replace(page, body=body))


class Archive:
    """Two stories of a day: one looked at again with the same words, one revised; others are gone or no articles."""

    def __init__(self, aws: Aws, tmp_path: Path) -> None:
        self.aws, self.tmp_path, self.newsroom = aws, tmp_path, Newsroom(aws)
        self.runs = itertools.count()
        aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
        looks = [
            (("a", f"{WORDS}|first{PADDING}"), ("b", "Harbour|Old words.|x"), ("c", "no article")),
            (("a", f"{WORDS}|second{PADDING}"), ("b", "Harbour|New words.|x")),
            (("a", f"{WORDS}|third{PADDING}"), ("b", "Harbour|New words.|y")),
        ]
        self.captures = [self.newsroom.capture(*look) for look in looks]
        for key in self.captures:
            self.archive().add(key)
        Trees(aws.s3, aws.captures).write(TODAY)

    def archive(self) -> Any:
        return self.newsroom.archive(extract=teased)

    def packing(self, **options: Any) -> Packing:
        return Packing(self.aws.deployment, clock=lambda: NOON + timedelta(days=40), **options)

    def pack(self) -> PackedDays:
        return self.packing().pack("sample")

    def stored(self) -> list[str]:
        return [key for key in objects.keys(self.aws.s3, bucket=self.aws.captures, prefix="") if "proofs" not in key]

    def raw(self) -> dict[tuple[str, int], bytes]:
        """The bytes behind each revision."""
        query = self.newsroom.query()
        revisions = [revision for story in query.of_all() for revision in query.revisions(story["id"])]
        return {(each["id"], int(each["revision"])): query.records(each).data for each in revisions}

    def bodies(self) -> dict[tuple[str, int], bytes]:
        query = self.newsroom.query()
        revisions = [revision for story in query.of_all() for revision in query.revisions(story["id"])]
        return {(each["id"], int(each["revision"])): query.raw(each).body for each in revisions}

    def findings(self) -> list[Any]:
        """What verification and the audit of the proofs find."""
        with closing(Spool(self.tmp_path / f"{next(self.runs)}.sqlite")) as spool:
            found = list(Verification(self.aws.deployment, spool, scope=Scope()).findings())
        return [*found, *audit(self.aws.s3, self.aws.captures)]

    def items(self) -> list[Any]:
        return [item for item in self.newsroom.items() if item["PK"] != item_keys.LATE]

    def rebuilt(self) -> list[Any]:
        rebuild(self.aws.deployment, unarchived=pytest.fail, empty=True)
        return self.items()


@pytest.fixture
def archive(aws: Aws, tmp_path: Path) -> Archive:
    return Archive(aws, tmp_path)


def test_days_files_become_pack(archive: Archive) -> None:
    """Index, articles, outcomes, the bytes behind each revision, verification, rebuild and proofs."""
    items, derived, raw, bodies = archive.rebuilt(), archive.newsroom.objects(), archive.raw(), archive.bodies()
    done = archive.pack()
    assert (done.files, done.packs, done.reduced) == (3, 1, 2)
    assert done.bytes_after < 0.9 * done.bytes_before
    pack, manifest = sorted(key for key in archive.stored() if key.startswith(object_keys.PACKS))[::-1]
    assert pack.startswith("packs/sample/2019/04/17-")
    assert manifest == f"{pack.removesuffix('.warc.gz')}.json"
    assert not [key for key in archive.stored() if key.startswith(object_keys.CAPTURES)]
    assert (archive.items(), archive.newsroom.objects()) == (items, derived)
    assert (archive.raw(), archive.bodies()) == (raw, bodies)
    assert len(raw) == 3
    assert archive.findings() == []
    assert archive.rebuilt() == items
    assert archive.pack() == PackedDays(), "there is nothing left to pack"


def test_packing_counts_few_calls(archive: Archive) -> None:
    """A file costs a HEAD and two GETs, a page with other bytes nothing; a day a few calls more."""
    calls = Counter[str]()
    archive.aws.on_call("before-call", lambda *_, model, **__: calls.update([model.name]))
    assert archive.packing().pack_day("sample", "2019-04-17").files == 3
    assert (calls["HeadObject"], calls["ListObjectsV2"], calls["ListObjectVersions"]) == (3, 3, 1)
    assert calls["GetObject"] == 2 * 3 + 2, "of three files, of the tree and the pack"
    assert calls["PutObject"] == 2


def test_words_of_days_before_cost_few_calls(aws: Aws, archive: Archive) -> None:
    """Looks at stories of a packed day cost a LIST, its manifest, and the outcomes of each file, once."""
    archive.pack()
    crawl = crawl_names.crawl_name(NOON + timedelta(days=3), "test")
    first, second = Stem("sample", crawl, 0), Stem("sample", crawl, 1)
    looks = [("a", f"{WORDS}|fourth{PADDING}"), ("b", f"Harbour|New words.|z{PADDING}")]
    archive.archive().add(archive.newsroom.put(first, *looks))
    archive.archive().add(archive.newsroom.put(second, ("a", f"{WORDS}|fifth{PADDING}")))
    Trees(aws.s3, aws.captures).write(TODAY + timedelta(days=1))
    calls = Counter[tuple[str, str]]()
    aws.on_call("before-call", lambda *_, model, params, **__: calls.update([(model.name, params["url_path"])]))
    assert archive.packing().pack_day("sample", first.day).reduced == 3
    outcomes = [object_keys.parse(key).outcomes for key in archive.captures]
    assert [calls["GetObject", f"/{key}"] for key in outcomes] == [1, 1, 0], "of the revisions' files"
    assert not [path for _, path in calls if path.removeprefix("/") in archive.captures]
    assert sum(name == "ListObjectsV2" for name, _ in calls.elements()) == 3, "loose files, packs of the month, trees"
    manifests = [path for name, path in calls.elements() if name == "GetObject" and path.endswith(".json")]
    assert len([path for path in manifests if path.startswith("/packs/")]) == 1


def test_reduced_revisit_keeps_headers(archive: Archive) -> None:
    """A revisit without new words keeps headers and digests."""
    before = Packs(archive.aws.s3, archive.aws.captures)
    whole = [record for key in archive.captures for record in records(before.open(key))]
    archive.pack()
    packs = Packs(archive.aws.s3, archive.aws.captures)
    stored = [record for key in archive.captures for record in records(packs.open(key))]
    changed = [(was, now) for was, now in zip(whole, stored, strict=True) if was != now]
    assert [(was.kind, now.kind) for was, now in changed] == [("response", "revisit")] * 2
    for was, now in changed:
        assert dataclasses.replace(now, kind="response") == was, "id, URL, date, payload digest, offset and length stay"
    assert not [record.flaw for record in stored if record.flaw]


def test_pack_is_warc_file(archive: Archive) -> None:
    """The pack is a WARC file by itself."""
    archive.pack()
    (pack,) = [key for key in archive.stored() if key.endswith(".warc.gz")]
    body = archive.aws.s3.get_object(Bucket=archive.aws.captures, Key=pack)["Body"]
    found = list(records(body))
    assert [record.kind for record in found].count("warcinfo") == 3
    assert not [record.flaw for record in found if record.flaw]


def shouted(page: Page) -> Extraction:
    """A later extractor, with other words for every page."""
    return teased(dataclasses.replace(page, body=page.body.upper()))


@pytest.mark.parametrize("again", [teased, shouted])
def test_reextraction_of_packs(aws: Aws, tmp_path: Path, again: Callable[[Page], Extraction]) -> None:
    """Of a page without its body, the words are those of the page that it refers to, also for a later extractor."""
    ends = []
    for packed in (False, True):
        aws.clear_archive()
        for key in objects.keys(aws.s3, bucket=aws.captures, prefix=""):
            aws.s3.delete_object(Bucket=aws.captures, Key=key)
        archive = Archive(aws, tmp_path / f"{packed}")
        if packed:
            archive.pack()
        works = Reextraction(archive.newsroom.archive(extract=again, clock=lambda: NOON))
        for key in archive.captures:
            works.reextract(ReextractMessage(run="20261129T120000Z-run", key=key))
        ends.append(
            [item for item in archive.items() if item["SK"].startswith((item_keys.REVISION, item_keys.CURRENT))]
        )
        assert archive.findings() == []
    assert ends[0] == ends[1]


def test_late_capture_finds_words(archive: Archive) -> None:
    """Between the first look and the second there was another wording: the second is a revision then."""
    archive.pack()
    stem = Stem("sample", crawl_names.crawl_name(NOON + timedelta(minutes=10), "late"), 0)
    archive.archive().add(archive.newsroom.put(stem, ("a", "A ferry links the ports.|Other words.|z")))
    query = archive.newsroom.query()
    found = query.revisions(identifiers.article_id("http://news.example.org/a"))
    assert [query.article(each).text for each in found] == [
        WORDS.partition("|")[2],
        "Other words.",
        WORDS.partition("|")[2],
    ]
    assert [int(each["revision"]) for each in found] == [1, 2, 3]
    assert archive.findings() == []


def test_killed_packing_ends_same(archive: Archive) -> None:
    """Killed at each write it ends the same."""
    aws = archive.aws
    before = {key: objects.get(aws.s3, bucket=aws.captures, key=key) or b"" for key in archive.stored()}
    raw = archive.raw()
    archive.pack()
    wanted = archive.stored()
    for call in itertools.count(1):
        for key in archive.stored():
            aws.s3.delete_object(Bucket=aws.captures, Key=key)
        for key, body in before.items():
            aws.s3.put_object(Bucket=aws.captures, Key=key, Body=body)
        kill = killer_of_writes(call)
        aws.on_call("before-call", kill)
        try:
            archive.pack()
            break
        except KilledError:
            pass
        finally:
            aws.off_call("before-call", kill)
        assert archive.raw() == raw, "readers find everything meanwhile"
        archive.pack()
        assert (archive.stored(), archive.raw()) == (wanted, raw)
    assert call > 4
    assert archive.findings() == []


def test_withdrawn_story_leaves_pack(archive: Archive) -> None:
    """A withdrawn story leaves its pack."""
    archive.pack()
    query = archive.newsroom.query()
    story = query.story(identifiers.article_id("http://news.example.org/b"))
    assert story
    other = {id: data for id, data in archive.bodies().items() if id[0] != story["id"]}
    done = Withdrawing(archive.aws.deployment, clock=lambda: NOON).withdraw(story, "a court's order")
    assert (done.captures, done.locked) == (3, [])
    stored = b"".join(record for record in map(archive.newsroom.captured, archive.stored()))
    packs = Packs(archive.aws.s3, archive.aws.captures)
    kinds = [record.kind for key in archive.captures for record in records(packs.open(key))]
    assert kinds.count("withdrawn") == 9
    assert kinds.count("warcinfo") == 3
    assert len(stored) > 1000
    assert archive.bodies() == other
    assert archive.findings() == []


def test_what_may_not_go_stays(aws: Aws, archive: Archive) -> None:
    """Files of imports, under a lock, without a tree or outcomes; and days that are too young."""
    assert archive.packing(after=timedelta(days=60)).pack("sample") == PackedDays()
    young = Stem("sample", crawl_names.crawl_name(NOON + timedelta(days=39), "test"), 0)
    archive.archive().add(archive.newsroom.put(young, ("d", "Young|Words of it.")))
    imported = [Stem("sample", crawl_names.imports(NOON), number) for number in range(2)]
    for stem in imported:
        archive.archive().add(archive.newsroom.put(stem, (f"i{stem.number}", "Imported|Words.")))
    Trees(aws.s3, aws.captures).write(TODAY + timedelta(days=1))
    no_tree = Stem("sample", crawl_names.crawl_name(NOON, "untreed"), 0)
    archive.archive().add(archive.newsroom.put(no_tree, ("e", "Late|Words.")))
    unread = Stem("sample", crawl_names.crawl_name(NOON, "unread"), 0)
    archive.newsroom.put(unread, ("f", "Unread|Words."))
    archive.pack()
    left = {key for key in archive.stored() if key.startswith(object_keys.CAPTURES)}
    assert left == {stem.capture for stem in (young, no_tree, unread, *imported)}


def test_finished_crawls_packed_early(aws: Aws, archive: Archive) -> None:
    """Of a week-old day the files are packed that are counted, as is their crawl; the others wait until nobody can."""
    counters, crawls = Counters(aws.table), [object_keys.parse(key).crawl for key in archive.captures]
    for crawl in crawls[:2]:
        counters.add_crawl(CrawlReport(source="sample", crawl=crawl, started_at=f"{NOON}"))
    unread = Stem("sample", crawls[1], 1)
    archive.newsroom.put(unread, ("f", "Unread|Words."))
    Trees(aws.s3, aws.captures).write(TODAY + timedelta(days=1))
    raw = archive.raw()
    for age, files in ((6, 0), (8, 2), (19, 0), (21, 1)):
        packing = Packing(aws.deployment, clock=partial(NOON.__add__, timedelta(days=age)))
        assert packing.pack("sample").files == files
    left = [key for key in archive.stored() if key.startswith(object_keys.CAPTURES)]
    assert (left, archive.raw()) == ([unread.capture], raw), "it is not archived"


def test_late_files_get_packs(aws: Aws, archive: Archive) -> None:
    """Late files get a pack of their own."""
    archive.pack()
    late = [Stem("sample", crawl_names.crawl_name(NOON + timedelta(minutes=5), "late"), number) for number in range(2)]
    for stem in late:
        archive.archive().add(archive.newsroom.put(stem, (f"l{stem.number}", "Late|Words of it.")))
    Trees(aws.s3, aws.captures).write(TODAY + timedelta(days=1))
    assert archive.pack().files == 2
    assert len([key for key in archive.stored() if key.startswith(object_keys.PACKS)]) == 4
    packs = Packs(aws.s3, aws.captures)
    assert [found.key for found in packs.listed("sample")] == sorted(
        [*archive.captures, *(stem.capture for stem in late)]
    )
    every = [found.key for found in packs.all_listed()]
    assert [found.key for found in packs.listed("sample", archive.captures[0])] == every[1:]
    assert archive.findings() == []


@pytest.mark.parametrize("dated", [True, False])
def test_words_in_cold_packs(aws: Aws, archive: Archive, *, dated: bool) -> None:
    """A later look loses its body without a GET of the pack with its words; one at a pack of before keeps it."""
    archive.pack()
    manifest = next(key for key in archive.stored() if key.endswith(".json"))
    if not dated:
        values = json.loads(objects.get(aws.s3, bucket=aws.captures, key=manifest) or b"")
        files = [{name: value for name, value in file.items() if name != "responses"} for file in values["files"]]
        body = json.dumps(values | {"files": files}).encode()
        aws.s3.put_object(Bucket=aws.captures, Key=manifest, Body=body)
    stem = Stem("sample", crawl_names.crawl_name(NOON + timedelta(days=3), "test"), 0)
    archive.archive().add(archive.newsroom.put(stem, ("a", f"{WORDS}|fourth{PADDING}")))
    Trees(aws.s3, aws.captures).write(TODAY + timedelta(days=1))
    raw, asked = archive.raw(), list[str]()
    aws.on_call("before-call", lambda *_, params, **__: asked.append(str(params.get("url_path"))))
    assert archive.packing().pack_day("sample", stem.day).reduced == int(dated)
    assert f"/{manifest.removesuffix('.json')}.warc.gz" not in asked
    assert f"/{manifest}" in asked
    assert (archive.raw(), archive.findings()) == (raw, [])


def test_source_keeps_all_bodies(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source may keep all bodies."""
    exchange = capture.Exchange

    def kept(**values: Any) -> Any:
        return exchange(**values | {"metadata": values["metadata"] | {"keep_body": True}})

    monkeypatch.setattr(samples, "Exchange", kept)
    archive = Archive(aws, tmp_path)
    done = archive.pack()
    assert (done.files, done.reduced, done.bytes_before) == (3, 0, done.bytes_after)


def test_a_damaged_pack_is_found(archive: Archive) -> None:
    archive.pack()
    (pack,) = [key for key in archive.stored() if key.endswith(".warc.gz")]
    body = bytearray(archive.newsroom.captured(pack))
    body[len(body) // 2] ^= 1
    archive.aws.s3.put_object(Bucket=archive.aws.captures, Key=pack, Body=bytes(body))
    assert archive.findings()
    archive.aws.s3.delete_object(Bucket=archive.aws.captures, Key=pack)
    found = archive.findings()
    assert {getattr(each, "kind", None) for each in found} >= {Kind.NO_CAPTURE}
