"""Maintenance by shards: what a run over a source's months gives is what one process gives."""

import itertools
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dateline import instants
from dateline.aws import objects
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.jobs import Job, Maintenance, Shard, plan, results, shards
from dateline.maintenance.rebuild import begin, delete_index, finish, rebuild
from dateline.messages import CrawlReport
from dateline.monitoring.counter_writes import Counters
from dateline.proofs.trees import Trees
from dateline.verify import Scope, Spool, Verification
from tests.conftest import Aws
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer

RUN = "20261129T120000Z-run"
MONTH = timedelta(days=30)


class Archive:
    """Two sources, three months each: a story a month, copied by the other, and one that is looked at every month."""

    def __init__(self, aws: Aws, tmp_path: Path) -> None:
        self.aws, self.tmp_path, self.numbers = aws, tmp_path, itertools.count()
        aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
        for source in ("courrier", "gazette"):
            newsroom = Newsroom(aws, source=source, host=f"{source}.example")
            for month in range(3):
                self._add(newsroom, NOON + month * MONTH, month)
        Trees(aws.s3, aws.captures).write(datetime.now(UTC).date())

    def _add(self, newsroom: Newsroom, at: datetime, month: int) -> None:
        words = " ".join(f"word{month}x{number}" for number in range(40))
        pages = [
            (f"m{month}", f"Story {month}|{words}"),
            ("again", f"A story|Words {month // 2}."),
            ("none", "no story"),
        ]
        stem = Stem(newsroom.source, crawl_names.crawl_name(at, "test"), 0)
        newsroom.archive().add(newsroom.put(stem, *pages))
        second = newsroom.put(stem._replace(number=1), (f"n{month}", f"Another {month}|{words[:90]}"))
        newsroom.archive().add(second)
        captures = {stem.capture: len(pages), second: 1}
        report = CrawlReport(
            source=stem.source, crawl=stem.crawl, started_at=instants.utc(at), captures=captures, discovered=4
        )
        key = object_keys.crawl_report(stem.source, stem.crawl)
        self.aws.s3.put_object(Bucket=self.aws.captures, Key=key, Body=report.to_json().encode())
        Counters(self.aws.table).add_crawl(report)

    def items(self) -> list[Any]:
        found = Newsroom(self.aws).items()
        return [item for item in found if item["PK"] != item_keys.LATE]

    def maintenance(self) -> Maintenance:
        return Maintenance(self.aws.deployment, extract=extract, clock=lambda: NOON + timedelta(days=400))

    def run(self, job: Job, going: Callable[[], bool] = lambda: True) -> None:
        """Run the shards as the state machine does: in any order, each again while it is out of time."""
        wanted = shards(self.aws.deployment, job)
        plan(self.aws.deployment, RUN, job, wanted)
        for shard in reversed(wanted):
            while not self.maintenance().run(job, RUN, shard, going)["done"]:
                pass

    def verified(self) -> tuple[list[Any], list[Any]]:
        """The findings of one process, and those of shards."""
        with closing(Spool(self.tmp_path / f"{next(self.numbers)}.sqlite")) as spool:
            verification = Verification(self.aws.deployment, spool, scope=Scope())
            one = list(verification.findings())
        self.run("verify")
        with closing(Spool(self.tmp_path / f"{next(self.numbers)}.sqlite")) as spool:
            for shard in results(self.aws.deployment, RUN, "verify"):
                path = self.tmp_path / f"{next(self.numbers)}.sqlite"
                self.aws.s3.download_file(self.aws.archive, object_keys.shard_spool(RUN, *shard), str(path))
                spool.absorb(path)
            merged = Verification(self.aws.deployment, spool, scope=Scope())
            other = list(merged.compared())
        assert verification.progress.objects == merged.progress.objects
        return one, other


@pytest.fixture
def archive(aws: Aws, tmp_path: Path) -> Archive:
    return Archive(aws, tmp_path)


def out_of_time() -> Callable[[], bool]:
    """Time for one WARC file at an invocation, and for five at the next."""
    turns = itertools.cycle((True, False, *(True,) * 5, False))
    return lambda: next(turns)


def test_shards_are_sources_months(archive: Archive) -> None:
    found = shards(archive.aws.deployment, "verify")
    assert len(found) == 6
    assert found[:2] == [Shard("courrier", "2019-04"), Shard("gazette", "2019-04")]
    assert found[-1] == Shard("gazette", "2019-06")
    assert shards(archive.aws.deployment, "index", ["gazette"])[0] == Shard("gazette", "2019-04")
    assert shards(archive.aws.deployment, "state") == [Shard("courrier"), Shard("gazette")]


def test_a_rebuild_by_shards_is_a_rebuild(archive: Archive) -> None:
    rebuild(archive.aws.deployment, unarchived=pytest.fail, empty=True)
    wanted = archive.items()
    begin(archive.aws.deployment, empty=True)
    assert not archive.items()
    archive.run("index")
    archive.run("state")
    finish(archive.aws.deployment)
    assert archive.items() == wanted
    found = results(archive.aws.deployment, RUN, "index").values()
    assert (len(found), sum(each["captures"] for each in found)) == (6, 12)
    assert sum(each["crawls"] for each in results(archive.aws.deployment, RUN, "state").values()) == 6


def test_killed_in_the_middle_a_run_is_continued(archive: Archive) -> None:
    rebuild(archive.aws.deployment, unarchived=pytest.fail, empty=True)
    wanted = archive.items()
    begin(archive.aws.deployment, empty=True)
    kills = 0
    for at in itertools.count(40, 110):
        kill = killer(at)
        archive.aws.on_call("before-call", kill)
        try:
            archive.run("index")
            break
        except KilledError:
            kills += 1
        finally:
            archive.aws.off_call("before-call", kill)
    archive.run("state")
    assert kills > 1
    assert archive.items() == wanted


def test_a_shard_without_time_goes_on(archive: Archive) -> None:
    delete_index(archive.aws.deployment)
    asked = iter((True, False))
    shard = Shard("gazette", "2019-04")
    first = archive.maintenance().run("index", RUN, shard, lambda: next(asked))
    assert first["done"] is False
    second = archive.maintenance().run("index", RUN, shard)
    assert (second["done"], second["captures"]) == (True, 2)
    assert archive.maintenance().run("index", RUN, shard, pytest.fail) == second, "once is enough"


def test_verification_by_shards_finds_the_same(archive: Archive) -> None:
    assert archive.verified() == ([], [])


def test_verification_by_shards_finds_the_same_damages(archive: Archive) -> None:
    aws = archive.aws
    for number, kind in enumerate((object_keys.OUTCOMES, object_keys.CAPTURES, object_keys.ARTICLES)):
        bucket = aws.captures if kind == object_keys.CAPTURES else aws.archive
        found = list(objects.keys(aws.s3, bucket=bucket, prefix=object_keys.folder(kind, "gazette")))
        aws.s3.delete_object(Bucket=bucket, Key=found[number])
    aws.table.put_item(Item={"PK": "ARTICLE#of-nowhere", "SK": "CURRENT", "id": "of-nowhere"})
    one, other = archive.verified()
    assert len(one) > 3
    assert sorted(map(str, other)) == sorted(map(str, one))


def test_packing_and_reextraction_by_shards(archive: Archive) -> None:
    before = archive.items()
    archive.run("pack", out_of_time())
    packed = results(archive.aws.deployment, RUN, "pack").values()
    assert sum(each["files"] for each in packed) == 12
    assert not list(objects.keys(archive.aws.s3, bucket=archive.aws.captures, prefix=object_keys.CAPTURES))
    archive.run("reextract", out_of_time())
    assert archive.items() == before
    assert archive.verified() == ([], [])
