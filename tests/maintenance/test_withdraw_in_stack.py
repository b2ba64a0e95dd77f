"""Withdrawal by shards: what is left is what one process leaves, also if functions are killed in the middle."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dateline.cli.maintaining import withdraw as command
from dateline.cli.stack import Stack
from dateline.cli.terminal.output import CommandError
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.withdraw import Withdrawing
from tests.conftest import Aws, emulated
from tests.maintenance.test_jobs import out_of_time
from tests.maintenance.test_withdraw import ID, PAGES, everything, extract, left, story
from tests.support.machine import Machine, stack
from tests.support.samples import NOON, KilledError, Newsroom, killer

RUN = f"20261129T120000Z-withdraw{ID}"
OTHER_URL = [("a?amp=1", "bomb|A secret story under the other URL."), ("e", "Fifth|Words.")]


def months(aws: Aws) -> Newsroom:
    """The story in each of six months, in the last one under its other URL alone, and only in two of them readable."""
    aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
    newsroom = Newsroom(aws)
    for month, pages in enumerate((*PAGES, OTHER_URL, [("f", "Sixth|Words.")])):
        at = NOON + month * timedelta(days=31)
        newsroom.archive(extract=extract).add(
            newsroom.put(Stem("sample", crawl_names.crawl_name(at, "test"), 0), *pages)
        )
    return newsroom


def run(aws: Aws, machine: Machine, monkeypatch: pytest.MonkeyPatch, name: str | None = None) -> None:
    monkeypatch.setattr(Stack, "find", lambda _: stack(aws, machine))
    monkeypatch.setattr(crawl_names, "new_name", lambda _: RUN)
    command.withdraw(ID, reason="a court's order", yes=True, in_stack=True, run=name)


def ends(newsroom: Newsroom) -> Any:
    """The captures and tombstones in all versions, and the items without names of articles objects."""
    kept = [(key, data) for (key, _), data in everything(newsroom.aws).items() if not key.startswith("withdrawals/")]
    captures = sorted(each for each in kept if each[0].startswith(object_keys.CAPTURES))
    items = [
        {name: value for name, value in item.items() if name not in ("article", "withdrawn_at")}
        for item in newsroom.items()
    ]
    return captures, items


@pytest.fixture(scope="module")
def wanted(template: dict[str, Any]) -> Any:
    """What a withdrawal in one process leaves."""
    with emulated(template) as aws:
        newsroom = months(aws)
        done = Withdrawing(aws.deployment).withdraw(story(newsroom), "a court's order")
        assert (done.captures, len(done.withdrawal.pages)) == (6, 7)
        return ends(newsroom), done.withdrawal.pages, done.withdrawal.urls, done.withdrawal.leaves


@pytest.fixture
def archive(template: dict[str, Any], wanted: Any) -> Iterator[Newsroom]:  # noqa: ARG001 - before this cloud
    with emulated(template) as aws:
        yield months(aws)


def test_withdrawal_in_the_stack_leaves_the_same(
    archive: Newsroom, wanted: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Captures, items and tombstone are those of one process, though functions run out of time."""
    machine = Machine(archive.aws, out_of_time())
    run(archive.aws, machine, monkeypatch)
    assert machine.jobs == ["find", "find-others", "withdraw"]
    assert left(archive) == []
    assert ends(archive) == wanted[0]
    assert "7 pages in 6 WARC files" in capsys.readouterr().out
    withdrawal = Withdrawing(archive.aws.deployment).withdraw(story(archive), "").withdrawal
    assert (withdrawal.pages, withdrawal.urls, withdrawal.leaves) == wanted[1:]
    assert withdrawal.reason == "a court's order"


def test_killed_in_the_middle_it_is_continued(
    template: dict[str, Any], wanted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions or the command killed at any call: ``--run`` does the rest."""
    kills = 0
    for at in itertools.count(7, 97):
        with emulated(template) as aws:
            archive, kill = months(aws), killer(at)
            aws.on_call("before-call", kill)
            try:
                run(aws, Machine(aws), monkeypatch)
                break
            except (KilledError, CommandError):
                kills += 1
            finally:
                aws.off_call("before-call", kill)
            run(aws, Machine(aws), monkeypatch, RUN)
            assert left(archive) == []
            assert ends(archive) == wanted[0]
    assert kills > 2


def test_run_of_another_story_is_refused(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that a run found are those of its story alone."""
    newsroom, other = months(aws), "20261129T120000Z-withdrawofanother"
    with pytest.raises(CommandError, match="is no withdrawal of"):
        run(aws, Machine(aws), monkeypatch, other)
    assert "withdrawn_at" not in story(newsroom)
    assert left(newsroom)
