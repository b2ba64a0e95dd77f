"""Probing sources live, on the sample newsroom."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from dateline.cli import names
from dateline.cli.collecting import sources as command
from dateline.cli.main import app
from dateline.sources import registry
from dateline.sources.registry import Source
from infra.newsroom import Newsroom, serve
from spiders import probe as check
from tests.support.outlet import Outlet, answer, item, rss

OUTLETS = ("sample-courrier", "sample-difaf", "sample-gazette")


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    with serve(tmp_path) as running:
        hosts = [urlsplit(url).netloc for url in running.urls.values()]
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", ",".join(hosts))
        yield running


def test_sources_that_are_well(newsroom: Newsroom) -> None:
    probes = {probe.source: probe for probe in check.probe_all(list(registry.load(newsroom.sources).values()))}
    assert set(probes) == set(OUTLETS)
    for id, probe in probes.items():
        assert probe.problems == ()
        assert probe.dated
        assert probe.newest
        assert probe.newest.year == 2019
        assert probe.article in {story.title for story in newsroom.stories(id).values()}
    assert max(Counter((request["outlet"], request["path"]) for request in newsroom.requests()).values()) == 1


def test_a_probe_asks_for_little(newsroom: Newsroom) -> None:
    (probe,) = check.probe_all([registry.load(newsroom.sources)["sample-gazette"]])
    paths = [request["path"] for request in newsroom.requests()]
    # robots.txt, the feed, the sitemaps' index and one of its files, four sections, one story
    assert (len(paths), len(probe.seeds)) == (9, 7)


@pytest.mark.parametrize(
    ("routes", "changes", "problem"),
    [
        ({"/feed": answer("<html><h1>Soon")}, {}, "/feed: the answer is HTML, not a feed"),
        ({"/feed": answer(status=403)}, {}, "/feed: the answer is 403"),
        ({"/feed": answer(rss(item("/story", date="")))}, {}, "no item of its feeds has a date"),
        ({"/feed": answer(rss(item("/story")))}, {"skip": ("story",)}, "no stories were found"),
        ({"/feed": answer(rss(item("/story"))), "/story": answer("<p>Short")}, {}, "/story: not_article"),
        ({"/feed": answer(rss(item("/story"))), "/story": answer(status=500)}, {}, "/story: http-500"),
        ({"/robots.txt": answer("User-agent: *\nDisallow: /")}, {}, "/feed: robots: "),
        ({"/robots.txt": answer(status=503)}, {}, "/feed: robots-unreachable: "),
        ({}, {"feeds": ("http://no-such-outlet.invalid/feed",)}, "http://no-such-outlet.invalid/feed: "),
    ],
)
def test_unwell_source_says_why(routes: dict[str, Any], changes: dict[str, Any], problem: str) -> None:
    """A source that is not well says why."""
    with Outlet(routes) as outlet:
        (probe,) = check.probe_all([outlet.source(**changes)])
    assert any(problem in said for said in probe.problems), probe.problems


def nowhere(number: int) -> Source:
    feed = f"http://outlet-{number}.invalid/feed"
    with Outlet({}) as outlet:
        return outlet.source(id=f"sample-{number}", home=f"http://outlet-{number}.invalid/", feeds=(feed,), delay=5.0)


def test_offline_probe_ends_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each host is looked up once, for robots.txt, and nothing is tried again."""
    looked_up = Counter[str]()

    def absent(host: str, *_: Any, **__: Any) -> Any:
        looked_up[host] += 1
        raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")

    monkeypatch.setattr(socket, "getaddrinfo", absent)
    probes = list(check.probe_all([nowhere(number) for number in range(30)]))
    assert len(probes) == 30
    assert all("dns" in problem for probe in probes for problem in probe.problems)
    assert all(probe.problems for probe in probes)
    assert len(looked_up) == 30
    assert set(looked_up.values()) == {1}


def test_refusing_outlet_not_probed(newsroom: Newsroom) -> None:
    """An outlet that refuses is not asked."""
    refusing = replace(registry.load(newsroom.sources)["sample-gazette"], access="refused")
    assert list(check.probe_all([refusing])) == [check.Probe(source="sample-gazette", refused=True)]
    assert newsroom.requests() == []


@pytest.mark.parametrize(("broken", "status"), [(False, 0), (True, 1)])
def test_check_command_exit_status(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, broken: bool, status: int
) -> None:
    """The command prints a line for each and fails if one does."""
    known = registry.load(newsroom.sources)
    if broken:
        known["sample-gazette"] = replace(known["sample-gazette"], feeds=(f"{known['sample-gazette'].home}none",))
    monkeypatch.setattr(command, "registered", lambda: known)
    monkeypatch.setattr(names, "source_ids", lambda: list(known))
    lines = CliRunner().invoke(app, ["sources", "check", "--json"])
    probes = {probe["source"]: probe for probe in map(json.loads, lines.stdout.splitlines())}
    assert (set(probes), lines.exit_code) == (set(OUTLETS), status)
    assert bool(probes["sample-gazette"]["problems"]) is broken
    table = CliRunner().invoke(app, ["sources", "check", "sample-gazette", "sample-difaf"])
    assert table.exit_code == status
    assert ("failed" in table.stdout, "ok" in table.stdout) == (broken, True)
