"""Compaction: the dataset's files as the index says, whatever dies or happens on the way."""

import dataclasses
import itertools
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dateline.article import Extraction
from dateline.aws import objects
from dateline.dataset.compaction import LOOKS_A_DAY, Compacted, Compaction
from dateline.dataset.parts import MAX_BYTES, Parts
from dateline.dataset.progress import Progress, forget
from dateline.dataset.rows import Origin
from dateline.keys import item_keys, object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.page import Page
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer

FILES = "dataset/articles/"


def dated(page: Page) -> Extraction:
    """Pages of "title|text" whose titles begin with the day that they were published on, if with any."""
    found, words = extract(page), page.body.decode()
    day = words[:10] if words[:2] == "20" else None
    return found._replace(article=found.article and dataclasses.replace(found.article, published_at=day))


class Dataset:
    """A newsroom's archive and its dataset."""

    def __init__(self, aws: Any, tmp_path: Path) -> None:
        self.aws, self.tmp_path = aws, tmp_path
        self.newsroom = Newsroom(aws)
        self.day = NOON

    def add(self, *pages: str, newsroom: Newsroom | None = None) -> None:
        """Capture and archive pages; each has the path that its text begins with."""
        newsroom = newsroom or self.newsroom
        named = [(page.partition("|")[2].split(" ")[0], page) for page in pages]
        newsroom.archive(extract=dated, clock=lambda: self.day).add(newsroom.capture(*named))

    def compaction(self, max_bytes: int = MAX_BYTES, looks_a_day: int = LOOKS_A_DAY) -> Compaction:
        query, s3, bucket = self.newsroom.query(), self.aws.s3, self.aws.archive
        parts = Parts(s3=s3, query=query, index=self.newsroom.index, bucket=bucket, max_bytes=max_bytes)
        options: Any = {"clock": lambda: self.day, "looks_a_day": looks_a_day}
        return Compaction(s3=s3, query=query, parts=parts, bucket=bucket, **options)

    def compact(self, **options: Any) -> Compacted:
        return self.compaction(**options).run()

    def files(self) -> dict[str, bytes]:
        s3, bucket = self.aws.s3, self.aws.archive
        found = list(objects.keys(s3, bucket=bucket, prefix=FILES))
        return {key.removeprefix(FILES): objects.get(s3, bucket=bucket, key=key) or b"" for key in found}

    def restore(self, files: dict[str, bytes]) -> None:
        """Have these files and no others, as if no run had been since."""
        s3, bucket = self.aws.s3, self.aws.archive
        for key in self.files().keys() - files.keys():
            s3.delete_object(Bucket=bucket, Key=FILES + key)
        for key, body in files.items():
            s3.put_object(Bucket=bucket, Key=FILES + key, Body=body)
        forget(s3, bucket)

    def rows(self, select: str = "title") -> list[Any]:
        """What a reader selects from all of the files."""
        folder = Path(tempfile.mkdtemp(dir=self.tmp_path))
        for key, body in self.files().items():
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(body)
        found = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
        selected = duckdb.execute(f"SELECT {select} FROM {found} ORDER BY ALL").fetchall()
        return [row[0] if len(row) == 1 else row for row in selected]


@pytest.fixture
def dataset(aws: Any, tmp_path: Path) -> Dataset:
    return Dataset(aws, tmp_path)


def test_files_by_country_and_month(aws: Any, dataset: Dataset) -> None:
    """Stories are filed by country and month of publication."""
    dataset.add("2019-04-16 one|a words", "2019-03-31 two|b words", "undated|c words")
    dataset.add("2019-04-30 three|d words", newsroom=Newsroom(aws, source="foreign", country=None))
    assert dataset.compact().written == 3
    assert dataset.rows("country, month, title, source") == [
        ("ly", "2019-03", "2019-03-31 two", "sample"),
        ("ly", "2019-04", "2019-04-16 one", "sample"),
        ("ly", "2019-04", "undated", "sample"),
        ("zz", "2019-04", "2019-04-30 three", "foreign"),
    ]
    assert list(dataset.files()) == [
        "country=ly/month=2019-03/part-01.parquet",
        "country=ly/month=2019-04/part-01.parquet",
        "country=zz/month=2019-04/part-01.parquet",
    ]


def test_unchanged_writes_nothing(dataset: Dataset) -> None:
    """Where nothing changed nothing is written."""
    dataset.add("2019-04-16 one|a words")
    dataset.compact()
    before = dataset.files()
    for dataset.day in (NOON, NOON + timedelta(days=1)):
        assert dataset.compact().written == 0
    assert dataset.files() == before


def test_revision_replaces_its_row(dataset: Dataset) -> None:
    """A revision replaces its row wherever it is filed."""
    dataset.add("2019-04-16 one|a words", "2019-04-17 two|b words")
    dataset.compact()
    dataset.day += timedelta(hours=1)
    dataset.add("2019-03-02 one, corrected|a words", "2019-04-17 two, corrected|b words")
    assert dataset.compact().written == 2
    assert dataset.rows("month, title, revision") == [
        ("2019-03", "2019-03-02 one, corrected", 2),
        ("2019-04", "2019-04-17 two, corrected", 2),
    ]


def test_gone_at_within_day(dataset: Dataset) -> None:
    """A story that the outlet took down says so within a day."""
    dataset.add("2019-04-16 one|a words")
    dataset.compact()
    dataset.newsroom.archive().add(dataset.newsroom.capture(("a", ""), status="404 Not Found"))
    dataset.day += timedelta(days=1)
    assert dataset.compact().written == 1
    assert dataset.rows("gone_at::VARCHAR") == ["2019-04-17 13:00:00"]


def test_cluster_change_within_day(dataset: Dataset) -> None:
    """A story that came into another cluster says so within a day."""
    dataset.add("2019-04-16 one|a words")
    dataset.compact()
    (one,) = dataset.newsroom.query().of_all()
    dataset.aws.table.put_item(Item=dict(one) | {"cluster": "b" * 26})
    dataset.day += timedelta(days=1)
    dataset.compact()
    assert dataset.rows("cluster") == ["b" * 26]


def test_large_part_is_split(dataset: Dataset) -> None:
    """A large part is parted between days and only what changes is written."""
    dataset.add(*(f"2019-04-{day:02} story|{day}-{n} {'words ' * 200}" for day in (2, 9, 16, 23) for n in range(3)))
    size = sum(Origin.of(story).length for story in dataset.newsroom.query().of_all())
    dataset.compact(max_bytes=size * 3 // 5)
    month = "country=ly/month=2019-04"
    before = dataset.files()
    assert list(before) == [f"{month}/part-01.parquet", f"{month}/part-16.parquet"]
    dataset.day += timedelta(hours=1)
    dataset.add("2019-04-20 more|new words")
    assert dataset.compact(max_bytes=size).written == 1
    assert [key for key, body in dataset.files().items() if before[key] != body] == [f"{month}/part-16.parquet"]
    assert len(dataset.rows()) == 13


def test_lost_file_is_rewritten(dataset: Dataset) -> None:
    """A lost or foreign file is made again."""
    dataset.add("2019-04-16 one|a words", "2019-05-16 two|b words")
    dataset.compact()
    before = dataset.files()
    april, may = (FILES + key for key in before)
    dataset.aws.s3.delete_object(Bucket=dataset.aws.archive, Key=april)
    dataset.aws.s3.put_object(Bucket=dataset.aws.archive, Key=may, Body=b"PAR1 no PAR1")
    forget(dataset.aws.s3, dataset.aws.archive)
    assert dataset.compact().written == 2
    assert dataset.files() == before


def test_refilling_index_loses_nothing(dataset: Dataset) -> None:
    """Its story is not in the index, and its capture's outcomes have it still."""
    dataset.add("2019-04-16 one|a words", "2019-04-17 two|b words")
    dataset.compact()
    (one, _) = dataset.newsroom.query().of_all()
    dataset.aws.table.delete_item(Key=item_keys.article(one["id"]))
    forget(dataset.aws.s3, dataset.aws.archive)
    assert dataset.compact().written == 0
    assert len(dataset.rows()) == 2


def test_rebuild_compares_everything(dataset: Dataset) -> None:
    """After a rebuild everything is looked at."""
    dataset.add("2019-04-16 one|a words", "2019-05-17 two|b words")
    dataset.compact()
    aws = dataset.aws
    dataset.day += timedelta(hours=9)
    dataset.add("2019-06-17 three|c words")
    assert [dataset.compact().partitions for _ in range(2)] == [3, 1]
    rebuild(aws.deployment, unarchived=pytest.fail)
    assert dataset.compact().partitions == 3


def test_older_months_take_turns(dataset: Dataset) -> None:
    """This month and the last one every day; the others two a day, until all have had their turn."""
    old = [f"2018-{month:02}" for month in range(5, 11)]
    dataset.add("2019-04-16 one|a words", "2019-03-16 two|b words")
    dataset.add(*(f"{month}-03 story|o{month} words" for month in old))
    assert dataset.compact(looks_a_day=2).partitions == 8, "everything at first"
    dataset.day += timedelta(days=1)
    dataset.add("2019-04-17 three|c words")
    assert dataset.compact(looks_a_day=2).partitions == 8, "the cursor is behind the first stories still"
    april = dataset.files()
    lost = [key for key in april if "month=2018" in key]
    for key in lost:
        dataset.aws.s3.delete_object(Bucket=dataset.aws.archive, Key=FILES + key)
    for wanted in (2, 4, 6):
        dataset.day += timedelta(days=1)
        compacted = dataset.compact(looks_a_day=2)
        assert (compacted.partitions, compacted.written) == (4, 2)
        assert len(dataset.files()) == 2 + wanted
    assert dataset.files() == april
    dataset.day += timedelta(days=1)
    assert dataset.compact(looks_a_day=2).partitions == 4
    assert dataset.compact(looks_a_day=2).partitions == 1, "once a day, and the newest stories' month"


def test_deleted_story_loses_row(dataset: Dataset) -> None:
    """A story that the archive has no longer loses its row."""
    dataset.add("2019-04-16 one|a words")
    dataset.compact()
    (one,) = dataset.newsroom.query().of_all()
    dataset.aws.table.delete_item(Key=item_keys.article(one["id"]))
    dataset.aws.s3.delete_object(Bucket=dataset.aws.archive, Key=object_keys.parse(one["article"]["key"]).outcomes)
    dataset.day += timedelta(days=1)
    dataset.compact()
    assert dataset.rows() == []


def test_withdrawn_story_loses_row(dataset: Dataset) -> None:
    """Its item says no more than that, and no country and month to be listed under."""
    dataset.add("2019-04-16 one|a words", "2019-04-16 two|b words")
    dataset.compact()
    one, _ = dataset.newsroom.query().of_all()
    dataset.aws.table.put_item(
        Item=item_keys.article(one["id"]) | {"id": one["id"], "withdrawn_at": "2019-04-18T09:00:00Z"}
    )
    forget(dataset.aws.s3, dataset.aws.archive)
    assert dataset.compact().written == 1
    assert len(dataset.rows()) == 1
    assert one["id"] not in dataset.rows("id")


@pytest.mark.parametrize("damage", ["lost", "cut", "flipped", "another"])
def test_unreadable_article_is_skipped(dataset: Dataset, damage: str) -> None:
    """An article that cannot be read stops no other."""
    dataset.add("2019-04-16 one|a words", "2019-04-16 two|b words")
    one, two = sorted(dataset.newsroom.query().of_all(), key=lambda story: story["title"])
    dataset.add("2019-04-18 three|c words")
    at, bucket = one["article"], dataset.aws.archive
    body = bytearray(objects.get(dataset.aws.s3, bucket=bucket, key=at["key"]) or b"")
    if damage == "another":
        body = body[int(at["length"]) :] + body[: int(at["length"])]
    body = body[:-30] if damage == "cut" else body
    if damage == "flipped":
        body[int(at["offset"]) + 40] ^= 255
    dataset.aws.s3.put_object(Bucket=bucket, Key=at["key"], Body=bytes(body))
    if damage == "lost":
        dataset.aws.s3.delete_object(Bucket=bucket, Key=at["key"])
    done = dataset.compact()
    assert set(done.unread) <= {one["id"], two["id"]}
    assert len(done.unread) == (2 if damage in ("lost", "another") else 1)
    assert len(dataset.rows()) == 3 - len(done.unread)
    assert "2019-04-18 three" in dataset.rows()


def test_late_work_is_left(dataset: Dataset) -> None:
    """What there is no time for is left for the next run."""
    dataset.add(*(f"2019-{month:02}-16 story|{month} words" for month in (1, 2, 3)))
    looks = iter([True, True, False])
    done = dataset.compaction().run(lambda: next(looks))
    assert (done.written, done.left) == (2, 1)
    assert len(dataset.rows()) == 2
    assert dataset.compact().left == 0
    assert len(dataset.rows()) == 3


def test_cursor_looks_back(dataset: Dataset) -> None:
    """The cursor moves and looks back three hours."""
    dataset.add("2019-04-16 one|a words")
    dataset.compact()
    dataset.day += timedelta(hours=2)
    dataset.add("2019-04-17 two|b words")
    dataset.compact()
    progress = Progress.load(dataset.aws.s3, dataset.aws.archive)
    assert progress
    assert progress.cursor.startswith("2019-04-17T14:00:00.000Z#")
    dataset.day -= timedelta(hours=1)  # archived now, by a delivery whose first attempt was then
    dataset.add("2019-03-17 late|c words")
    dataset.day += timedelta(hours=1)
    assert dataset.compact().written == 1
    assert "2019-03-17 late" in dataset.rows()


def test_killed_compaction_ends_same(dataset: Dataset) -> None:
    """A month that is parted, and a story that moves into it; what dies at a call in between has written no more."""
    dataset.add(*(f"2019-04-{day:02} story|{day} {'words ' * 200}" for day in (2, 23)), "2019-03-01 other|o words")
    dataset.compact()
    start, stories = dataset.files(), set(dataset.rows("id"))
    dataset.day += timedelta(days=1)
    dataset.add(f"2019-04-24 more|24 {'more ' * 200}", "2019-04-01 moved|o words")
    ends = []
    for call in itertools.count(1):
        dataset.restore(start)
        die = killer(call)
        dataset.aws.on_call("after-call.s3.PutObject", die)
        try:
            dataset.compact(max_bytes=600)
            killed = False
        except KilledError:
            killed = True
        dataset.aws.off_call("after-call.s3.PutObject", die)
        assert stories <= set(dataset.rows("id"))
        dataset.compact(max_bytes=600)
        ends.append(dataset.files())
        if not killed:
            break
    assert len(ends) > 5
    assert all(end == ends[-1] for end in ends)
    assert len(dataset.rows("id")) == len(set(dataset.rows("id"))) == 4


@pytest.mark.parametrize(("call", "number"), [("GetObject", 1), ("GetObject", 2), ("PutObject", 1), ("PutObject", 2)])
def test_two_compactions_do_no_harm(dataset: Dataset, call: str, number: int) -> None:
    """The second begins, and ends, before that call of the first: to read or write the progress, or then the part."""
    dataset.add("2019-04-16 one|a words")
    dataset.compact()
    dataset.day += timedelta(hours=1)
    dataset.add("2019-04-17 two|b words")
    calls, ran = itertools.count(1), list[Compacted]()

    def meanwhile(**_: Any) -> None:
        if not ran and next(calls) == number:
            ran.append(Compacted())
            ran[0] = dataset.compact()

    dataset.aws.on_call(f"before-call.s3.{call}", meanwhile)
    dataset.compact()
    assert ran
    assert len(dataset.rows()) == 2
    assert dataset.compact().written == 0
