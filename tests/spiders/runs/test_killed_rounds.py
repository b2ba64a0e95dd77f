"""Rounds that are killed, on a simulated clock: each page is captured once, and a source that kills is parked."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dateline.state.rounds import Rounds
from spiders.runs import runner
from tests.conftest import Aws
from tests.spiders.runs.simulated_rounds import SHARD, SimulatedRounds, message_of


@pytest.fixture
def archive(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SimulatedRounds]:
    def make(**options: Any) -> SimulatedRounds:
        made = SimulatedRounds(aws, **options)
        monkeypatch.setattr(runner, "run_all", made.run_all)
        return made

    return make


def test_20_000_pages_once(archive: Any) -> None:
    """Each of 20,000 pages is captured once, however often their rounds are killed."""
    world: SimulatedRounds = archive(sources=40, pages=500, poisoned=set(), seed=11)
    reports = world.run(message_of(world.sources))
    world.dies_at = math.inf
    urls = [f"{source.home}{number}" for source in world.sources for number in range(500)]
    assert world.stored() == Counter(dict.fromkeys(urls, 1))
    assert sum(report.captured for report in reports) == 20_000
    assert world.kills >= 2
    assert not [report for report in reports if report.failures]
    assert Rounds(world.aws.table).waiting("", datetime.now(UTC)) == set()


@pytest.mark.parametrize("poisoned", [{"outlet-03"}, {"outlet-00", "outlet-11"}])
def test_poisoned_source_parked(archive: Any, poisoned: set[str]) -> None:
    """A source that kills its function is found and parked; its neighbours are captured once."""
    world: SimulatedRounds = archive(sources=12, pages=30, poisoned=poisoned, seed=5)
    message = message_of(world.sources)
    reports = world.run(message)
    world.dies_at = math.inf
    parked = {report.source for report in reports if report.reasons().get("parked")}
    assert parked == poisoned
    assert world.split >= 3
    sound = [source for source in world.sources if source.id not in poisoned]
    urls = [f"{source.home}{number}" for source in sound for number in range(30)]
    assert world.stored() == Counter(dict.fromkeys(urls, 1))
    healths = world.shelf.health(poisoned)
    assert {healths[id].failure for id in poisoned} == {"hard"}
    assert all(healths[id].retry_at for id in poisoned)
    assert all(state.open == [] for state in [Rounds(world.aws.table)._get(SHARD)])
