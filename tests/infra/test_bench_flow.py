"""Parts of the flow bench that need no cloud: its outlets, its figures and its targets."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from dateline.article import Outcome
from dateline.extraction import extract
from dateline.page import Page
from infra.bench.flow import bench
from infra.bench.flow.bench import Stage
from infra.bench.flow.memory import Memory
from infra.bench.inputs import outlets
from infra.newsroom.recorded import RecordedSite


def test_outlets_have_stories_of_their_own(tmp_path: Path) -> None:
    """All pages are dealt to the outlets, each is recognised as a story, and no two have the same id."""
    files = outlets.write(tmp_path, outlets=3, pages=20)
    lines = [json.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert [len(RecordedSite(path).pages) for path in files] == [7, 7, 6]
    assert len({line["id"] for line in lines}) == len({line["url"] for line in lines}) == 20
    found = [extract(Page(url=line["url"], body=line["html"].encode())) for line in lines]
    assert {each.outcome for each in found} == {Outcome.ARCHIVED}
    assert {each.article.language for each in found if each.article} >= {"ar", "en", "tr"}


def test_memory_is_told_by_quarters(tmp_path: Path) -> None:
    """The largest process of each quarter; a role that did not run has none."""
    memory = Memory(tmp_path)
    memory._looks = [{"extract": size} for size in (1.0, 5.0, 2.0, 2.0, 3.0, 4.0, 9.0)] + [{}]
    assert memory.roles == ["extract"]
    assert memory.quarters("extract") == [5.0, 2.0, 4.0, 9.0]
    assert memory.quarters("crawl") == [0, 0, 0, 0]


def stage(pages: int, **changes: int) -> Stage:
    memory = Memory(Path())
    memory._looks = [{"extract": 300.0}] * 4
    values = {"lost": 0, "doubled": 0, "letters": 0, "stories": pages} | changes
    commands = dict.fromkeys(("query", "show", "export", "verify", "status"), (1.0, 0.5))
    outcomes = Counter({"archived": pages - changes.get("lost", 0)})
    return Stage(pages=pages, seconds=60, memory=memory, outcomes=outcomes, commands=commands, **values)


@pytest.mark.parametrize("fault", ["lost", "doubled", "letters"])
def test_faults_miss_targets(fault: str) -> None:
    """A lost page, one with two outcomes and a dead letter are each a missed target; without them all are met."""
    sound = bench._result(stage(100), stage(1000))
    assert all(target.met for target in sound.targets)
    assert [row.figures["ratio"] for row in sound.rows if row.subject == "CPU s of query"] == [1]
    faulty = bench._result(stage(100), stage(1000, **{fault: 1}))
    assert not all(target.met for target in faulty.targets)


def test_missing_story_misses_target() -> None:
    """An archived page that the index lacks."""
    result = bench._result(stage(100), stage(1000, stories=999))
    assert [target.ratio for target in result.targets if not target.met] == [1]
