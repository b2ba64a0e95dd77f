"""Clusters: copies of one story are found, whatever order they come in, whatever dies, whatever goes on at once."""

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dateline.archive.formats import read_articles
from dateline.archive.store import committed
from dateline.index import cluster_transaction, clusters
from dateline.index.clusters import Clusters, Copy
from dateline.keys import identifiers, item_keys, object_keys
from dateline.similarity.fingerprint import Fingerprint
from infra.bench.answers import clusters as bench
from infra.bench.inputs.synthetic_stories import Piece, pieces
from infra.bench.models.table import CountingTable
from tests.conftest import Aws
from tests.support.samples import NOON, KilledError, Newsroom, killer

WORDS = (
    "The harbour master of Zuwara counted nineteen trawlers on Sunday night and sent the list to the coastguard by "
    "radio, because the telephone exchange had been flooded since the storm. Nine of them had no lamp, he said, and "
    "two had the same name painted over another. The fishermen’s guild answered that lamps cost more than a season’s "
    "mullet."
)
OTHER = (
    "A teacher in Nalut has drawn the first map of the cave dwellings above the town, with four hundred and sixty "
    "doors, and gave a copy to each family whose grandparents had lived there. The antiquities office asked for the "
    "original, but it is on the wall of the classroom, where the pupils add a door when they find one."
)
SHORTER = WORDS.partition(" The fishermen")[0]
EDITED = WORDS.replace("nineteen", "some nineteen").replace("painted over another", "painted over an older one")


def outlets(aws: Aws, *names: str) -> list[Newsroom]:
    """Outlets whose captures are an hour apart."""
    newsrooms, hours = [Newsroom(aws, source=name, host=f"{name}.example") for name in names], itertools.count()
    for newsroom in newsrooms:
        newsroom.hours = hours
    return newsrooms


def printed(newsroom: Newsroom, text: str, title: str = "Trawlers without lamps") -> str:
    """A capture of an outlet's only page."""
    return newsroom.capture(("a", f"{title}|{text}"))


def story_id(newsroom: Newsroom, path: str = "a") -> str:
    return identifiers.article_id(f"http://{newsroom.host}/{path}")


def clustered(aws: Aws) -> list[dict[str, Any]]:
    """What the table has of clusters, without what points into objects."""
    found = []
    for item in Newsroom(aws).items():
        if item["PK"].startswith(("BAND#", "CLUSTER#")):
            found.append(item)
        elif item["SK"] == "CURRENT":
            found.append({"PK": item["PK"], "cluster": item["cluster"]})
    return found


def test_two_outlets_one_cluster(aws: Aws) -> None:
    """A wire story that two outlets print is one cluster."""
    one, other, third = outlets(aws, "one", "other", "third")
    one.archive().add(printed(one, WORDS))
    third.archive().add(printed(third, OTHER, "Four hundred and sixty doors"))
    other.archive().add(printed(other, SHORTER, "Nineteen boats counted in the dark"))
    first, second = one.query().cluster(story_id(other))
    assert (first["source"], second["source"]) == ("one", "other")
    assert first["cluster"] == second["cluster"] == first["id"]
    assert one.query().article(second).cluster == second["id"], "as it was known before copies were looked for"
    assert [story["source"] for story in one.query().cluster(story_id(third))] == ["third"]
    assert one.query().cluster("nothing") == []


def test_first_appearance_names_cluster(aws: Aws) -> None:
    """The first to appear gives the name though it is archived last."""
    late, early = outlets(aws, "late", "early")
    late.archive().add(printed(late, WORDS))
    early.archive().add(printed(early, EDITED, "A dated story"))  # of the day before, it says
    stories = late.query().cluster(story_id(late))
    assert [story["source"] for story in stories] == ["early", "late"]
    assert {story["cluster"] for story in stories} == {story_id(early)}


def test_copies_within_one_file(aws: Aws) -> None:
    """Copies within one WARC file are found."""
    (one,) = outlets(aws, "one")
    pages = (("a", f"Trawlers|{WORDS}"), ("b", f"Doors|{OTHER}"), ("c", f"Boats|{EDITED}"))
    one.archive().add(one.capture(*pages))
    (stored,) = [read_articles(body) for key, body in one.objects().items() if key.startswith("articles/")]
    assert [each.article.cluster for each in stored] == [story_id(one, path) for path in ("a", "b", "a")]
    assert len(one.query().cluster(story_id(one, "c"))) == 2


def scripts(aws: Aws) -> list[tuple[Newsroom, str]]:
    """Captures of outlets: copies of one story, one of which is corrected into another story and re-dated, another."""
    one, other, third, fourth = outlets(aws, "one", "other", "third", "fourth")
    return [
        (one, printed(one, WORDS)),
        (other, printed(other, SHORTER, "A dated story")),
        (third, printed(third, OTHER, "Doors")),
        (one, printed(one, f"{OTHER} {WORDS}")),
        (fourth, printed(fourth, EDITED)),
    ]


ORDERS = [order for order in itertools.permutations(range(5)) if order.index(0) < order.index(3)]


@pytest.mark.parametrize("order", random.Random(7).sample(ORDERS, 6))
def test_cluster_archiving_order(aws: Aws, order: Sequence[int]) -> None:
    """The order of archiving does not matter."""
    captures = scripts(aws)
    for newsroom, key in captures:
        newsroom.archive().add(key)
    expected = clustered(aws)
    assert len([item for item in expected if item["PK"].startswith("CLUSTER#")]) == 4
    aws.clear_archive()
    for number in order:
        newsroom, key = captures[number]
        newsroom.archive().add(key)
    assert clustered(aws) == expected


@pytest.mark.parametrize("order", random.Random(3).sample(list(itertools.permutations(range(5))), 6))
def test_cluster_indexing_order(aws: Aws, order: Sequence[int]) -> None:
    """The order of indexing does not matter."""
    captures = scripts(aws)
    for newsroom, key in captures:
        newsroom.archive().add(key)
    expected = Newsroom(aws).items()
    with aws.table.batch_writer() as batch:
        for item in expected:
            batch.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})
    for number in order:
        newsroom, key = captures[number]
        stem = object_keys.parse(key)
        settled = committed(aws.s3, aws.archive, stem)
        assert settled
        newsroom.index.apply(stem, settled.outcomes, settled.articles)
    assert Newsroom(aws).items() == expected


def test_concurrent_copies_meet(aws: Aws) -> None:
    """While the one is archived, the other is, in full: before each second call of the one."""
    one, other = outlets(aws, "one", "other")
    keys_of = printed(one, WORDS), printed(other, EDITED)
    expected = None
    for call in itertools.count(1, 2):
        aws.clear_archive()
        calls, inside = itertools.count(1), list[int]()

        def meanwhile(call: int = call, calls: Iterator[int] = calls, inside: list[int] = inside, **_: Any) -> None:
            if not inside and next(calls) == call:
                inside.append(call)
                other.archive().add(keys_of[1])

        aws.on_call("before-call", meanwhile)
        one.archive().add(keys_of[0])
        aws.off_call("before-call", meanwhile)
        if not inside:
            break
        expected = expected or clustered(aws)
        assert clustered(aws) == expected
    assert call > 20
    assert expected
    assert sum(item["PK"] == f"CLUSTER#{story_id(one)}" for item in expected) == 2


def test_withdrawal_forgets_former_bands(aws: Aws) -> None:
    """A story of before December 2026 has seven bands, and keeps none of them once it is forgotten."""
    piece = Piece(0, "first", "one", "en", NOON, "Trawlers without lamps", (WORDS,))
    article = bench.article(piece, 0)
    band, *others = clusters.bands(article)
    names = Fingerprint.parse(str(article.fingerprint)).all_names()
    with aws.table.batch_writer() as batch:
        for name in names:
            batch.put_item(Item=band | item_keys.band(name, band["SK"]))
    partitions = [str(item["PK"]) for item in aws.table.scan()["Items"]]
    assert (len(partitions), 1 + len(others), sum(map(clusters.is_former, partitions))) == (7, 5, 2)
    Clusters(cast("Any", aws.table)).forget([article], [])
    assert aws.table.scan()["Items"] == []


def test_killed_clustering_ends_same(aws: Aws) -> None:
    """An early copy joins two clusters that know nothing of each other, and gives them its name."""
    one, other, bridge = outlets(aws, "one", "other", "bridge")
    one.archive().add(printed(one, SHORTER))
    other.archive().add(printed(other, OTHER, "Doors"))
    key = printed(bridge, f"{SHORTER} {OTHER}", "A dated story")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridge.index.clusters, "settle", lambda *_: killer(1)())
        with pytest.raises(KilledError):
            bridge.archive().add(key)
    begun, ends = one.items(), list[Any]()
    for call in itertools.count(1):
        restore(aws, begun)
        die, killed = killer(call), False
        aws.on_call("after-call", die)
        try:
            bridge.archive().add(key)
        except KilledError:
            killed = True
        aws.off_call("after-call", die)
        bridge.archive().add(key)
        ends.append(one.items())
        if not killed:
            break
    assert len(ends) > 15
    assert all(end == ends[-1] for end in ends)
    stories = one.query().cluster(story_id(one))
    assert [story["source"] for story in stories] == ["bridge", "one", "other"]
    assert {story["cluster"] for story in stories} == {story_id(bridge)}


def restore(aws: Aws, items: list[dict[str, Any]]) -> None:
    with aws.table.batch_writer() as batch:
        for there in aws.table.scan()["Items"]:
            batch.delete_item(Key={"PK": there["PK"], "SK": there["SK"]})
        for item in items:
            batch.put_item(Item=item)


class World:
    """Stories in a table in memory, and what is known to be like what."""

    def __init__(self, stories: int) -> None:
        self.table = CountingTable()
        self.clusters = Clusters(cast("Any", self.table), pause=lambda _: None)
        self.appeared = dict[str, int]()
        for number in range(stories):
            self.tell(f"s{number:02}", number)

    def tell(self, id: str, minute: int) -> None:
        """A story, or a later revision of it, that appeared at another time."""
        at = f"{NOON + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}"
        there = next((item for item in self.table.items() if item["PK"] == f"ARTICLE#{id}"), {"cluster": id})
        told = {"id": id, "first_seen_at": at, "captured_at": f"{there.get('captured_at', '')}1"}
        self.table.put({**there, **told, **item_keys.article(id)})
        self.appeared[id] = minute

    def unite(self, id: str, others: Iterable[str], dies: int = 0) -> None:
        """Unite a story with others; dies at one of its transactions."""
        write, transactions = self.table.transact_write_items, itertools.count(1)

        def dying(**arguments: Any) -> None:
            if next(transactions) == dies:
                raise KilledError
            write(**arguments)

        with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
            patch.setattr(self.table, "transact_write_items", dying)
            self.clusters._unite(id, [Copy("", other) for other in others])

    def check(self, linked: Iterable[tuple[str, str]]) -> None:
        """Each story is in one cluster with all that it is linked to; the first gives the name and has the number."""
        homes = {id: {id} for id in self.appeared}
        for one, other in linked:
            both = homes[one] | homes[other]
            homes |= dict.fromkeys(both, both)
        expected: list[dict[str, Any]] = []
        for id, cluster in homes.items():
            first = min(cluster, key=lambda story: (self.appeared[story], story))
            (story,) = (item for item in self.table.items() if item["PK"] == f"ARTICLE#{id}")
            assert story["cluster"] == first
            if len(cluster) > 1:
                item = item_keys.member(first, item_keys.appeared(None, story["first_seen_at"]), id)
                expected.append(item | ({"members": len(cluster)} if id == first else {}))
        there = [item for item in self.table.items() if item["PK"].startswith("CLUSTER#")]
        assert there == sorted(expected, key=lambda item: (item["PK"], item["SK"]))


STORIES = 12
IDS = st.sampled_from([f"s{number:02}" for number in range(STORIES)])
UNIONS = st.lists(
    st.tuples(IDS, st.sets(IDS, max_size=4), st.integers(0, 3), st.none() | st.integers(0, 40)), max_size=14
)


@given(UNIONS)
@settings(max_examples=150, deadline=None)
def test_clusters_are_linked_stories(unions: list[tuple[str, set[str], int, int | None]]) -> None:
    """Few stories move at a time, and many an attempt dies between two transactions, to be made again after others."""
    world = World(STORIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster_transaction, "AT_ONCE", 3)
        for id, others, dies, minute in unions:
            if minute is not None:
                world.tell(id, minute)
            world.unite(id, others - {id}, dies)
        for id, others, _, _ in unions:
            world.unite(id, others - {id})
    world.check([(id, other) for id, others, *_ in unions for other in others])


def test_hundred_stories_are_renamed() -> None:
    """A hundred stories are renamed by one that was before them."""
    world = World(101)
    ids = list(world.appeared)
    for id in ids[2:]:
        world.unite(id, [ids[1]])
    world.unite(ids[0], ids[50:52], dies=2)
    world.unite(ids[0], ids[50:52])
    world.check([(ids[0], id) for id in ids])


def test_leaving_story_is_alone() -> None:
    """A story that leaves is alone and the others have another name."""
    world = World(4)
    world.unite("s03", ["s00", "s01"])
    world.clusters.leave("s00")
    world.clusters.leave("s02")
    world.check([("s01", "s03")])
    world.clusters.leave("s01")
    world.check([])


def test_memory_table_equals_moto(aws: Aws) -> None:
    """The same stories, one after the other, by the same calls."""
    memory = CountingTable()
    for number, piece in enumerate(pieces(24, seed=4)):
        article = bench.article(piece, number)
        for table in (aws.table, cast("Any", memory)):
            bench.archive(Clusters(table), table, article)
    assert memory.items() == Newsroom(aws).items()
    assert any(item["PK"].startswith("CLUSTER#") for item in memory.items())


def test_copies_among_lookalikes() -> None:
    """Floors that are not to be lowered; make bench has the set at its full size."""
    printed = pieces(600)
    done, stories = bench.settle(printed), [piece.story for piece in printed]
    precision, recall = bench.score(done.settled, stories)
    assert (precision, recall) >= (0.99, 0.95)
    assert recall >= 0.97
    assert max(done.reads) <= 20


def test_standing_text_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standing text in more stories than are read hides no copies."""
    monkeypatch.setattr(clusters, "READ", 4)
    printed = pieces(600, seed=5)
    precision, recall = bench.score(bench.settle(printed).settled, [piece.story for piece in printed])
    assert precision >= 0.99
    assert recall >= 0.95
