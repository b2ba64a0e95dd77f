"""Counts by country, and contradictions between source files."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dateline.cli.main import app
from dateline.sources import census, registry
from dateline.sources.registry import Source


def source(id: str, country: str = "ly", **values: Any) -> Source:
    known: dict[str, Any] = {"path": Path(f"{country}/{id}.toml"), "name": id, "home": f"https://{id}.example/"}
    known |= {"languages": ("ar",), "timezone": "Africa/Tripoli", "feeds": (f"https://{id}.example/feed",)}
    return Source(id=id, country=country, **known | values)


def test_counts_by_country() -> None:
    found = census.counts(
        [
            source("a", sitemaps=("https://a.example/map.xml",), checked=date(2026, 11, 20)),
            source("b", access="refused"),
            source("c", "tn", listings=("https://c.example/news",), feeds=()),
        ]
    )
    libya = census.Count(country="ly", sources=2, crawled=1, refused=1, confirmed=1, seeds=3)
    tunisia = census.Count(country="tn", sources=1, crawled=1, refused=0, confirmed=0, seeds=1)
    assert found == [libya, tunisia]
    assert census.total(found) == census.Count(country="all", sources=3, crawled=2, refused=1, confirmed=1, seeds=4)


@pytest.mark.parametrize("seed", ["https://a.example/feed", "https://A.example:443/feed", "https://a.example/./feed"])
def test_same_seed_in_two_sources(seed: str) -> None:
    """However it is written: two sources would archive the same stories twice."""
    (problem,) = census.contradictions([source("a"), source("b", sitemaps=(seed,))])
    assert problem == "a and b have the same feed, sitemap or listing: https://a.example/feed"


def test_source_without_seed() -> None:
    nothing = source("a", feeds=())
    (found,) = census.contradictions([nothing])
    assert found == 'a has no feed, sitemap or listing; add one, or access = "refused"'
    assert list(census.contradictions([replace(nothing, access="refused"), source("b")])) == []


def test_registered_sources_agree() -> None:
    """All shipped files, without a request."""
    sources = registry.load(registry.SHIPPED).values()
    assert list(census.contradictions(sources)) == []
    assert census.total(census.counts(sources)).sources == len(sources) >= 165


def test_command_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table with a last row of sums, as JSON lines, and with exit status 1 for a contradiction."""
    done = CliRunner().invoke(app, ["sources", "check", "--offline", "--json"])
    rows = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
    assert (done.exit_code, {row["country"] for row in rows} >= {"ly", "tn", "td", "sy"}) == (0, True)
    table = CliRunner().invoke(app, ["sources", "check", "--offline"])
    assert f"{sum(row['sources'] for row in rows)}" in table.output.splitlines()[-1].split()
    assert table.output.splitlines()[-1].startswith("all")
    monkeypatch.setattr(census, "contradictions", lambda _: iter(["a and b have the same feed"]))
    assert CliRunner().invoke(app, ["sources", "check", "--offline"]).exit_code == 1
