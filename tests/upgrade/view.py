"""What an archive says of itself, in the terms of its readers and of its crawls: no item and no object by its shape.

A later version may keep things otherwise. It has to say the same of them.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from dateline import instants
from dateline.api.archive import Archive
from dateline.aws import dynamodb, objects
from dateline.index.withdrawals import withdrawals
from dateline.monitoring.coverage import rows, sources
from dateline.proofs.audit import audit
from dateline.proofs.trees import Trees
from dateline.query.query import Query
from dateline.search.index.cache import Cache
from dateline.search.index.manifest import OutdatedIndexError
from dateline.search.query.find import Search
from dateline.state.crawl_state import CrawlState
from dateline.state.records import RobotsState
from dateline.story import Story
from tests.conftest import Aws

AFTER = datetime(2099, 1, 1, tzinfo=UTC)  # everything is due by then


def view(aws: Aws, known: Mapping[str, Any]) -> dict[str, Any]:
    """All stories, articles and states; ``known`` is what ``addresses`` returns."""
    return (
        stories(aws)
        | states(aws, known)
        | {"coverage": coverage(aws, date.fromisoformat(known["until"]))}
        | {"search": search(aws), "dataset": dataset(aws), "proofs": proofs(aws)}
    )


def stories(aws: Aws) -> dict[str, Any]:
    """Stories with all their revisions and articles, by id; lists of ids in their order."""
    query = Query(aws.deployment)
    archive = Archive(query)
    found = {story.id: story for story in archive.stories()}
    revisions = {id: archive.revisions(id) for id in found}
    every = [revision for each in revisions.values() for revision in each]
    countries = sorted({country for story in found.values() for country in story.about})
    places = sorted({place for story in found.values() for place in story.places})
    return {
        "stories": {id: _plain(story.to_dict()) for id, story in found.items()},
        "revisions": {_name(each): _plain(each.to_dict()) for each in every},
        "articles": {_name(each): _plain(archive.article(each).to_dict()) for each in every},
        "pages": {_name(each): _digest(archive.raw(each)) for each in every},
        "copies": {id: [copy.id for copy in archive.copies(story)] for id, story in found.items()},
        "indexed": [story.id for story in archive.changes()],
        "withdrawn": _withdrawn(aws),
        "published": list(found),
        "about": {country: [story.id for story in archive.stories(about=country)] for country in countries},
        "places": {f"{place}": [story.id for story in archive.stories(place=place)] for place in places},
    }


def states(aws: Aws, known: Mapping[str, Any]) -> dict[str, Any]:
    """What the next crawl will find."""
    state, of = CrawlState(aws.deployment), sources(aws.s3, aws.captures)
    robots = {host: state.robots(host) for host in known["hosts"]}
    holds = {host: state.held(host) for host in known["hosts"]}
    due = {each.url: each.due for source in of for each in state.revisits(source, AFTER, 1000)}
    urls = (replace(each, due=due.get(url)) for url, each in state.urls(known["urls"]).items())
    return {
        "urls": {each.url: _plain(asdict(each)) for each in urls},
        "feeds": {source: _all(state.feeds(source, known["feeds"])) for source in of},
        "health": _all(state.health(of)),
        "due": {source: sorted(each.url for each in state.revisits(source, AFTER, 1000)) for source in of},
        "asked": {source: instants.utc(at) for source, at in state.asked(of).items()},
        "postponed": state.postponed(AFTER),
        "robots": {host: _robots(each) for host, each in robots.items() if each},
        "holds": {host: instants.utc(each) for host, each in holds.items() if each},
    }


def coverage(aws: Aws, until: date) -> list[Any]:
    """The counters, as rows of days."""
    found = (rows(aws.table, source, None, until) for source in sources(aws.s3, aws.captures))
    return [_plain(row.to_dict()) for each in found for row in each]


def search(aws: Aws) -> dict[str, bool]:
    """By id, whether a story is among the hits for its own headline. Ranks may differ from version to version.

    An index of an earlier format has no hits until it is rebuilt.
    """
    with tempfile.TemporaryDirectory() as folder:
        index = Search(aws.s3, aws.archive, Cache(Path(folder)))
        try:
            found = {story.id: index.find(story.title.replace('"', " "), limit=100).hits for story in _current(aws)}
        except OutdatedIndexError:
            return {}
    return {id: id in {hit.story["id"] for hit in hits} for id, hits in found.items()}


def dataset(aws: Aws) -> dict[str, Any]:
    """By id, what the Parquet files say of a story in columns that stay."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        for number, key in enumerate(objects.keys(aws.s3, bucket=aws.archive, prefix="dataset/articles/")):
            data = objects.get(aws.s3, bucket=aws.archive, key=key) or b""
            Path(folder, f"{number}.parquet").write_bytes(data)
        if not any(Path(folder).iterdir()):
            return {}
        selected = f"SELECT id, source, revision, digest, title FROM read_parquet('{folder}/*.parquet') ORDER BY id"
        return {id: values for id, *values in database.execute(selected).fetchall()}


def proofs(aws: Aws) -> dict[str, Any]:
    """The roots of the daily trees, byte for byte, and what an audit of all captures finds."""
    trees = Trees(aws.s3, aws.captures)
    roots = {day: _digest(trees.root(day)) for day in trees.days()}
    return {"roots": roots, "findings": [f"{found}" for found in audit(aws.s3, aws.captures)]} if roots else {}


def _current(aws: Aws) -> Iterable[Story]:
    return Archive(Query(aws.deployment)).stories()


def addresses(aws: Aws) -> dict[str, Any]:
    """Every address with a state, and the last day with a counter.

    It reads the items themselves, so only the version that wrote them can ask.
    """
    items = list(dynamodb.scan(aws.table))
    return {
        "urls": sorted(item["url"] for item in items if item["SK"] == "STATE"),
        "feeds": sorted(item["url"] for item in items if item["SK"].startswith("FEED#")),
        "hosts": sorted({item["PK"].partition("#")[2] for item in items if item["PK"].startswith("HOST#")}),
        "until": max(item["SK"].partition("#")[2] for item in items if item["SK"].startswith("DAY#")),
    }


def lost(before: Any, now: Any, where: str = "") -> list[str]:
    """Paths in a recorded view with another value now, or none. New fields are no loss."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [path for name in before for path in lost(before[name], now.get(name), f"{where}/{name}")]
    return [] if before == now else [f"{where}: {before!r} is now {now!r}"]


def _withdrawn(aws: Aws) -> list[Any]:
    """What the index says of each withdrawn story."""
    items = [Query(aws.deployment).story(each.id) for each in withdrawals(aws.s3, aws.captures)]
    return [item and [item.get("url"), item.get("reason"), item.get("withdrawn_at")] for item in items]


def _name(revision: Story) -> str:
    return f"{revision.id}#{revision.revision}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _robots(state: RobotsState) -> dict[str, str]:
    return {"fetched_at": instants.utc(state.fetched_at), "text": _digest(state.text)}


def _all(records: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(asdict(record)) for name, record in records.items()}


def _plain(value: Any) -> Any:
    """As JSON has it: lists for tuples, and no field without a value, which a later version may not have."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_plain(each) for each in value]
    return f"{value}" if isinstance(value, date) else value
