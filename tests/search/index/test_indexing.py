"""Indexing: shards follow the table, whatever comes twice, late or dies on the way."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from boto3.dynamodb.types import TypeSerializer

from dateline.index.list_items import published_key
from dateline.keys import identifiers, item_keys, object_keys
from dateline.maintenance.withdraw import Withdrawing
from dateline.search.index import compaction, manifest
from dateline.search.index.cache import Cache
from dateline.search.index.compaction import Compaction
from dateline.search.index.indexing import Indexing, changes
from dateline.search.index.manifest import Manifest, OutdatedIndexError, Part
from dateline.search.index.rebuild import SearchRebuild
from dateline.search.query.find import Search
from tests.conftest import Aws
from tests.search.library import article
from tests.search.library import search as searching
from tests.support.samples import KilledError, Newsroom, killer, killer_of_writes


class Desk:
    """A newsroom whose stories are searched."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws, self.newsroom, self.folder = aws, Newsroom(aws), folder
        self.cache = Cache(folder)

    def publish(self, *pages: tuple[str, str]) -> dict[str, set[str]]:
        """Archive a capture of pages, and return the changes that the table's stream would tell."""
        outcomes = self.newsroom.archive().add(self.newsroom.capture(*pages))
        current = self.newsroom.index.current(page.id for page in outcomes)
        return {id: {published_key(item)[:7]} for id, item in current.items()}

    def indexing(self) -> Indexing:
        query = self.newsroom.query()
        return Indexing(s3=self.aws.s3, index=self.newsroom.index, bucket=self.aws.archive, read=query.article)

    def compaction(self, **changed: Any) -> Compaction:
        return Compaction(s3=self.aws.s3, bucket=self.aws.archive, cache=self.cache, **changed)

    def rebuild(self) -> SearchRebuild:
        return SearchRebuild(
            s3=self.aws.s3,
            query=self.newsroom.query(),
            indexing=self.indexing(),
            bucket=self.aws.archive,
            cache=self.cache,
        )

    def titles(self, query: str) -> list[str]:
        """The headlines that a query finds, each as often as it does."""
        page = Search(self.aws.s3, self.aws.archive, self.cache).find(query, limit=100)
        assert page.total == len(page.hits)
        return sorted(hit.story["title"] for hit in page.hits)

    def differences(self) -> list[Any]:
        return list(self.rebuild().check())

    def manifest(self) -> Manifest:
        return manifest.read(self.aws.s3, self.aws.archive)


@pytest.fixture
def desk(aws: Aws, tmp_path: Path) -> Desk:
    return Desk(aws, tmp_path)


def test_a_story_is_found(desk: Desk) -> None:
    """What was archived is found by its words, in the month of its publication."""
    desk.indexing().index(desk.publish(("a", "A dated fire|In Sfax."), ("b", "Rain|In Gabes.")))
    assert desk.titles("sfax") == ["A dated fire"]
    assert desk.titles("") == ["A dated fire", "Rain"]
    assert [*desk.manifest().months] == ["2019-04"]
    assert not desk.differences()


def test_a_revision_replaces(desk: Desk) -> None:
    """A story is found by its newest words alone, also when it moves to another month."""
    desk.indexing().index(desk.publish(("a", "Fire|In Sfax.")))
    changed = desk.publish(("a", "A dated fire|In Gabes."))
    desk.indexing().index({id: {*months, "2019-05", "2019-04"} for id, months in changed.items()})
    assert (desk.titles("sfax"), desk.titles("gabes")) == ([], ["A dated fire"])
    assert not desk.differences()


def test_a_withdrawal_removes(desk: Desk) -> None:
    """A story that was withdrawn is not found any more."""
    desk.aws.s3.put_bucket_versioning(Bucket="captures", VersioningConfiguration={"Status": "Enabled"})
    changed = desk.publish(("a", "Fire|In Sfax."), ("b", "Rain|In Sfax."))
    desk.indexing().index(changed)
    story = desk.newsroom.query().story("http://news.example.org/a")
    assert story
    Withdrawing(desk.aws.deployment).withdraw(story, "a court's order")
    desk.indexing().index(changed)  # both, as their articles are in an object that was replaced
    assert desk.titles("sfax") == ["Rain"]
    assert not desk.differences()


def test_twice_and_late_is_once(desk: Desk) -> None:
    """Changes that are told again, or in another order, change nothing."""
    first, second = desk.publish(("a", "Fire|In Sfax.")), desk.publish(("a", "Fire|In Gabes."))
    for changed in (second, first, second, first):
        desk.indexing().index(changed)
    assert (desk.titles("sfax"), desk.titles("gabes")) == ([], ["Fire"])
    assert not desk.differences()


@pytest.mark.parametrize("at", range(1, 8))
def test_killed_anywhere_it_is_repeated(desk: Desk, at: int) -> None:
    """A delivery that dies at any call, and is repeated, loses no story and doubles none."""
    desk.indexing().index(desk.publish(("a", "Fire|In Sfax.")))
    changed = desk.publish(("a", "Fire|In Gabes."), ("b", "A dated flood|In Gabes."), ("c", "Rain|In Gabes."))
    die = killer(at)
    desk.aws.on_call("before-call", die)
    try:
        with pytest.raises(KilledError):
            desk.indexing().index(changed)
    finally:
        desk.aws.off_call("before-call", die)
    desk.indexing().index(changed)
    assert (desk.titles("sfax"), desk.titles("gabes")) == ([], ["A dated flood", "Fire", "Rain"])
    assert not desk.differences()


@pytest.mark.parametrize(("do", "at"), [*itertools.product(("merge", "rebuild"), (1, 2)), ("rebuild", 3)])
def test_killed_merge_loses_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch, do: str, at: int) -> None:
    """Compaction and rebuild that die before a write leave the same answers, and so does another run."""
    monkeypatch.setattr(compaction, "_MANY", 3)
    for number in range(3):
        desk.indexing().index(desk.publish((f"{number}", f"Story {number}|Rain."), ("a", f"Fire|Number {number}.")))
    run = desk.compaction().run if do == "merge" else desk.rebuild().run
    die = killer_of_writes(at)
    desk.aws.on_call("before-call", die)
    try:
        run()
    except KilledError:
        pass
    finally:
        desk.aws.off_call("before-call", die)
    for _ in range(2):
        assert desk.titles("") == ["Fire", *(f"Story {number}" for number in range(3))]
        assert desk.titles("number") == ["Fire"]
        assert not desk.differences()
        run()


def test_small_parts_are_merged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small parts become one, what is whole becomes a base, and the rest is deleted after a day."""
    monkeypatch.setattr(compaction, "_MANY", 3)
    for number in range(3):
        desk.indexing().index(desk.publish((f"{number}", f"Story {number}|Rain."), ("a", f"Fire|Number {number}.")))
    assert len(desk.manifest().parts) == 3
    assert desk.compaction().run().merged == 3
    (part,) = desk.manifest().parts
    assert (part.stories, part.base) == (4, False)
    desk.indexing().index(desk.publish(("a", "Flood|Number 10.")))
    desk.compaction().run(whole=True)
    (part,) = desk.manifest().parts
    assert (part.stories, part.base) == (4, True)
    assert desk.titles("flood") == ["Flood"]
    desk.indexing().index(desk.publish(("a", "Drought|Number 11.")))
    desk.compaction().run(whole=True)
    assert desk.titles("number") == ["Drought"]
    assert desk.compaction().run().deleted == 0
    later = desk.compaction(clock=lambda: _tomorrow(desk)).run()
    assert later.deleted > 3
    assert desk.titles("number") == ["Drought"]
    assert not desk.differences()


def test_rebuild_answers_same(desk: Desk) -> None:
    """The index that was deleted and rebuilt finds what it found before, with the same scores."""
    pages = [
        (f"{number}", f"Story {number}|Rain in Sfax and fire in {'Gabes' * (number % 3)}.") for number in range(12)
    ]
    desk.indexing().index(desk.publish(*pages))
    before = Search(desk.aws.s3, desk.aws.archive, desk.cache).find("fire gabes", facets=True)
    for key in [each["Key"] for each in desk.aws.s3.list_objects_v2(Bucket="archive", Prefix="search/")["Contents"]]:
        desk.aws.s3.delete_object(Bucket="archive", Key=key)
    assert desk.titles("") == []
    assert {each.kind for each in desk.differences()} == {"missing"}
    assert desk.rebuild().run() == 12
    assert Search(desk.aws.s3, desk.aws.archive, desk.cache).find("fire gabes", facets=True) == before


def test_changes_during_rebuild_stay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story that is indexed while its month is read is found after the rebuild."""
    desk.indexing().index(desk.publish(("a", "Fire|In Sfax.")))
    rebuild, entries = desk.rebuild(), SearchRebuild._entries

    def meanwhile(self: SearchRebuild, month: str) -> Iterator[Any]:
        yield from entries(self, month)
        desk.indexing().index(desk.publish(("b", "Rain|In Sfax."), ("a", "Flood|In Sfax.")))

    monkeypatch.setattr(SearchRebuild, "_entries", meanwhile)
    rebuild.run()
    assert desk.titles("sfax") == ["Flood", "Rain"]
    assert not desk.differences()


def test_differences_are_told(desk: Desk) -> None:
    """Verification names what is missing, stale and left over."""
    changed = desk.publish(("a", "Fire|In Sfax."), ("b", "Rain|In Sfax."))
    desk.indexing().index(changed)
    desk.publish(("a", "Fire|In Gabes."), ("c", "Flood|In Gabes."))
    rain = identifiers.article_id("http://news.example.org/b")
    desk.aws.table.delete_item(Key=item_keys.article(rain))
    assert sorted(each.kind for each in desk.differences()) == ["extra", "missing", "stale"]


def test_writers_at_once_all_count(desk: Desk) -> None:
    """Two writers that read the same manifest both have their parts in the end."""
    parts = [Part(object_keys.search_part("2019-04", f"{number}"), 1, 1) for number in range(2)]

    def interrupted(there: Manifest) -> Manifest:
        manifest.update(desk.aws.s3, "archive", lambda now: now.adding({"2019-04": parts[1]}))
        return there.adding({"2019-04": parts[0]})

    manifest.update(desk.aws.s3, "archive", interrupted)
    assert {part.key for part in desk.manifest().parts} == {part.key for part in parts}


def test_another_format_is_refused(desk: Desk) -> None:
    """An index of another format is not read, until it is rebuilt."""
    desk.indexing().index(desk.publish(("a", "Fire|In Sfax.")))
    body = desk.manifest().to_json().replace(b'"format": ', b'"format": 9')
    desk.aws.s3.put_object(Bucket="archive", Key=object_keys.SEARCH_MANIFEST, Body=body)
    with pytest.raises(OutdatedIndexError, match="rebuild"):
        desk.titles("fire")
    desk.rebuild().run()
    assert desk.titles("fire") == ["Fire"]


def test_the_cache_keeps_its_limit(aws: Aws, tmp_path: Path) -> None:
    """Parts that were not used for longest leave the local folder, and are fetched again when they are asked for."""
    stories = [article(f"Story {month}", "Rain.", published_at=f"2018-{month:02}-01") for month in range(1, 7)]
    search = searching(aws, tmp_path / "first", stories)
    assert search.find("rain").total == 6
    size = max(part.bytes for part in manifest.read(aws.s3, aws.archive).parts)
    unpacked = max(sum(file.stat().st_size for file in part.iterdir()) for part in (tmp_path / "first").iterdir())
    cache = Cache(tmp_path / "second", limit=2 * unpacked + size)
    small = Search(aws.s3, aws.archive, cache)
    for _ in range(2):
        assert small.find("rain").total == 6
        assert 1 <= len(list((tmp_path / "second").glob("[!.]*"))) <= 3
    assert cache.fetched > 6 * size


def record(before: Any, after: Any) -> DynamoDBRecord:
    """A record of the table's stream."""
    images = {"OldImage": before, "NewImage": after}
    put = TypeSerializer().serialize
    told = {name: {key: put(value) for key, value in image.items()} for name, image in images.items() if image}
    return DynamoDBRecord({"dynamodb": told})


def test_changes_that_matter_are_read() -> None:
    """Of the stream's records those count that change what is searched, with the months before and after."""
    told = {"id": "x", "first_seen_at": "2019-06-02T08:00:00Z", "captured_at": "1"}
    item = {**item_keys.article("x"), **told, "published_at": "2019-04-01", "article": {"key": "k"}}
    moved = {**item, "published_at": "2019-05-01", "article": {"key": "k2"}}
    withdrawn = {**item_keys.article("x"), "withdrawn_at": "2"}
    assert changes([record(None, item)]) == {"x": {"2019-04"}}
    assert changes([record(item, moved)]) == {"x": {"2019-04", "2019-05"}}
    assert changes([record(item, withdrawn), record(item, None)]) == {"x": {"2019-04"}}
    assert changes([record(item, {**item, "gone_at": "3"})]) == {}
    assert changes([record(None, {**item, "SK": "REV#1"}), record(None, {"PK": "ARCHIVE", "SK": "SOURCE#a"})]) == {}


def _tomorrow(desk: Desk) -> Any:
    listed = desk.aws.s3.list_objects_v2(Bucket="archive", Prefix="search/")["Contents"]
    return max(each["LastModified"] for each in listed) + timedelta(days=1, minutes=1)
