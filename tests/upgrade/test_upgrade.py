"""Archives of earlier versions, read and upgraded by this one: every story, article and state as it was."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dateline.dataset.compaction import Compaction
from dateline.dataset.parts import Parts
from dateline.index.index import Index
from dateline.keys import crawl_names
from dateline.keys.object_keys import Stem
from dateline.maintenance.rebuild import rebuild
from dateline.query.query import Query
from dateline.search.index.rebuild import SearchRebuild
from tests.conftest import Aws, emulated
from tests.support.samples import Newsroom
from tests.upgrade import recording
from tests.upgrade.view import dataset, lost, search, stories, view

EXPIRING = ("robots", "holds")  # a rebuild drops those that have expired meanwhile
CASES = pytest.mark.parametrize("recorded", recording.recordings(), ids=lambda path: path.name.partition(".")[0])


@pytest.fixture
def aws(template: dict[str, Any]) -> Iterator[Aws]:
    with emulated(template) as emulated_aws:
        for bucket in (emulated_aws.captures, emulated_aws.archive):
            emulated_aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield emulated_aws


def test_recordings_are_complete() -> None:
    """A recording without revisions, removals, copies and failures would prove little."""
    before = recording.read_view(recording.recordings()[-1])
    found = before["stories"].values()
    assert max(story["revision"] for story in found) > 1
    assert any("gone_at" in story for story in found)
    assert any(len(copies) > 1 for copies in before["copies"].values())
    assert {story["language"] for story in found} >= {"ar", "en", "fr"}
    empty = [name for name, part in before.items() if not part]
    assert not empty
    assert any(state.get("failures") for state in before["urls"].values())
    assert any(day["quarantined"] for day in before["coverage"])
    assert all(before["search"].values())
    assert before["search"].keys() == before["dataset"].keys() == before["stories"].keys()
    assert before["proofs"]["findings"] == []


@CASES
def test_old_archives_are_readable(aws: Aws, recorded: Path) -> None:
    """Nothing is upgraded yet: the day after a deploy, before anybody runs a command."""
    before = recording.read(recorded, aws)
    before.pop("search", None)  # searches wait for `rebuild --search`, as docs/deploy.md says
    assert lost(before, view(aws, before["known"]) | {"known": before["known"]}) == []


@CASES
@pytest.mark.parametrize("empty", [False, True], ids=["rebuild", "rebuild --empty"])
def test_rebuilds_upgrade_without_loss(aws: Aws, recorded: Path, empty: bool) -> None:
    """The table is made again from the buckets, with the items of this version, where some were and where none was."""
    before = recording.read(recorded, aws)
    known = before.pop("known")
    rebuild(aws.deployment, unarchived=pytest.fail, empty=empty)
    for name in (*EXPIRING, "search"):
        before.pop(name, None)
    for state in before["urls"].values() if empty else ():
        state.pop("captured_at")  # looks without news, which a table made from nothing does not note
    assert lost(before, view(aws, known)) == []


@CASES
def test_views_follow_rebuilds(aws: Aws, recorded: Path) -> None:
    """After a rebuild of the table and of the search index, both views have all stories in this version's shape."""
    before = recording.read(recorded, aws)
    rebuild(aws.deployment, unarchived=pytest.fail, empty=True)
    rebuilt = SearchRebuild.of(aws.s3, aws.table, aws.archive)
    rebuilt.run()
    assert [*rebuilt.check()] == []
    query = Query(aws.deployment)
    parts = Parts(s3=aws.s3, query=query, index=Index(aws.table), bucket=aws.archive)
    done = Compaction(s3=aws.s3, query=query, parts=parts, bucket=aws.archive).run(lambda: True)
    assert (done.left, done.unread) == (0, [])
    assert all(search(aws).values())
    found = {id: [story["source"], story["revision"], story["digest"]] for id, story in before["stories"].items()}
    assert {id: values[:3] for id, values in dataset(aws).items()} == found


@CASES
def test_new_captures_continue_old_chains(aws: Aws, recorded: Path) -> None:
    """A story of the earlier version is captured again with other words: its next revision, with its first instant."""
    before = recording.read(recorded, aws)
    story = next(each for each in before["stories"].values() if each["revision"] > 1)
    outlet = Newsroom(aws, story["source"], story["outlet_country"], host=story["url"].split("/")[2])
    path = story["url"].split("/", 3)[3]
    later = crawl_names.crawl_name(datetime.fromisoformat(story["captured_at"]) + timedelta(days=1), "test")
    stem = Stem(story["source"], later, 0)
    outlet.archive().add(outlet.put(stem, (path, f"{story['title']}|Corrected again.")))
    found = Query(aws.deployment).story(story["id"])
    assert found is not None
    assert (found["revision"], found["first_seen_at"]) == (story["revision"] + 1, story["first_seen_at"])
    after = stories(aws)["revisions"]
    assert lost(before["revisions"], after) == []


def test_losses_are_found() -> None:
    """The comparison sees a value lost, changed, and a list that is shorter."""
    before = recording.read_view(recording.recordings()[0])
    now = json.loads(json.dumps(before))
    id = next(iter(now["stories"]))
    del now["stories"][id]["digest"]
    now["indexed"].pop()
    now["urls"].pop(next(iter(now["urls"])))
    assert [path.split("/")[1].rstrip(":").partition(":")[0] for path in lost(before, now)] == [
        "stories",
        "indexed",
        "urls",
    ]
