"""What a page of stories costs: one call to the table, whatever the condition, the order and the age of its stories."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cfnlint.decode.cfn_yaml import load

from dateline.article import Article, Name
from dateline.index import list_items, story_items
from dateline.outcomes import Stored
from dateline.reader.app import answer
from dateline.reader.library import Library
from dateline.search.index.cache import Cache
from dateline.search.query.find import Search
from tests.conftest import ROOT, emulated
from tests.reader.library import decoded, event
from tests.search.library import article, search

MONTHS = [f"{year}-{month:02}" for year in (2018, 2019) for month in range(1, 13)]
STORIES = [
    article(
        f"Story of {month}, number {number}",
        "Rain.",
        published_at=f"{month}-{10 + number}T08:00:00Z",
        source=("gazette", "herald")[number % 2],
        outlet_country=("ly", "tn")[number % 2],
        language=("ar", "fr", "en")[number % 3],
        places=[2210247 + number % 2],
        about=("eg",) if number == 3 else (),
        persons=(Name("fixture-person", "Fixture Person", None),) if month in {MONTHS[0], MONTHS[-1]} else (),
    )
    for month in MONTHS
    for number in range(6)
]
CONDITIONS: dict[str, tuple[dict[str, Any], Callable[[Article], bool]]] = {
    "all": ({}, lambda _: True),
    "source": ({"source": "gazette"}, lambda each: each.source == "gazette"),
    "country": ({"country": "tn"}, lambda each: each.outlet_country == "tn"),
    "language": ({"language": "fr"}, lambda each: each.language == "fr"),
    "place": ({"place": 2210248}, lambda each: each.places[0].id == 2210248),
    "subject": ({"about": "eg"}, lambda each: "eg" in each.about),
    "person": ({"person": "fixture-person"}, lambda each: bool(each.persons)),
    "several": ({"source": "herald", "language": "ar"}, lambda each: (each.source, each.language) == ("herald", "ar")),
    "days": (
        {"since": "2018-12-12", "until": "2019-03-11"},
        lambda each: "2018-12-12" <= str(each.published_at)[:10] <= "2019-03-11",
    ),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Two years of stories, in the table and in one shard a month."""
    template: dict[str, Any] = load(str(ROOT / "template.yaml"))
    with emulated(template) as aws:
        found = search(aws, tmp_path_factory.mktemp("search"), STORIES)
        summaries = [story_items.summary(f"articles/{each.id}.jsonl.gz", Stored(each, 0, 1)) for each in STORIES]
        with aws.table.batch_writer(["PK", "SK"]) as table:
            for item in (*map(story_items.current_item, summaries), *list_items.registers(summaries)):
                table.put_item(Item=item)
            for item in chain.from_iterable(map(list_items.of, summaries)):
                table.put_item(Item=item)
        yield Library(aws.deployment, lambda: found)


@contextmanager
def calls(library: Library) -> Iterator[list[str]]:
    """Record the operations on the table."""
    made: list[str] = []
    events = library.deployment.table.meta.client.meta.events
    note = lambda model, **_: made.append(model.name)  # noqa: E731
    events.register("before-call.dynamodb", note)
    yield made
    events.unregister("before-call.dynamodb", note)


def listed(library: Library, **query: Any) -> Any:
    """Return a page of stories."""
    return decoded(answer(library)(event("/stories", urlencode(query)), None)).json


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_page_costs_one_call(library: Library, name: str, order: str) -> None:
    """Each page has the right stories in order and costs one batch of reads: no scan, no query of months."""
    condition, admits = CONDITIONS[name]
    wanted = sorted(filter(admits, STORIES), key=lambda each: str(each.published_at), reverse=order == "newest")
    cursor: dict[str, str] = {}
    for number in range(0, len(wanted), 50):
        with calls(library) as made:
            page = listed(library, **condition, order=order, **cursor)
        assert made == ["BatchGetItem"]
        assert [story["id"] for story in page["stories"]] == [each.id for each in wanted[number : number + 50]]
        cursor = {"cursor": page["cursor"]}
    assert cursor == {"cursor": None}


def test_next_page_opens_its_months(library: Library, tmp_path: Path) -> None:
    """A page reads the shards of its months; those before the cursor are not fetched for it."""
    found = Search(library.deployment.s3, library.deployment.archive_bucket, Cache(tmp_path))
    first = found.page({}, limit=6)
    assert len(list(tmp_path.iterdir())) == 2
    found.page({}, limit=6, cursor=first.cursor)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("condition", [{}, {"source": "gazette"}, {"country": "tn"}, {"language": "fr"}])
def test_lists_never_scan(library: Library, condition: dict[str, Any]) -> None:
    """Other lists of stories query partitions, and scan nothing."""
    with calls(library) as made:
        assert len(list(library.archive.stories(**condition))) >= len(STORIES) / 3
    assert set(made) == {"Query", "BatchGetItem"}
