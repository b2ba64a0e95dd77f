"""The benches: each runs on a few pages and prints figures that can be. How good they are is not for a test to say."""

import gzip
import io
import json
import math
import re
from pathlib import Path

import pytest
from rich.console import Console

from infra.bench import crawl
from infra.bench.__main__ import main, show
from infra.bench.inputs.pages import DISTINCT, NewsPage, pages
from infra.bench.result import Result, Row, Target, median_ratio

CERTAIN = {"start_cpu_s", "pages_per_s_per_core", "peak_mib", "import_ms"}


@pytest.mark.parametrize(
    ("bench", "subjects", "targets"),
    [
        ("crawl", {"dateline", "scrapy"}, 1),
        ("extract", {"dateline", "trafilatura"}, 3),
        ("start", {"dateline --help", "typer and rich", "dateline extract of one page", "trafilatura"}, 2),
        ("dataset", {"dataset"}, 2),
        ("clusters", {"dateline", "as stored in articles"}, 4),
        ("jobs", {"coverage, 1 year", "coverage, 5 years", "compaction, 5 years"}, 4),
        ("proofs", {"dateline"}, 4),
    ],
)
def test_a_bench_prints_its_figures(
    bench: str, subjects: set[str], targets: int, capsys: pytest.CaptureFixture[str]
) -> None:
    count = {"jobs": "4"}.get(bench, "8")  # countries, of which each has a part for each month of five years
    assert main([bench, "--count", count, "--rounds", "1", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["bench"] for line in lines} == {bench}
    rows = {line["subject"]: line for line in lines if "subject" in line}
    assert subjects <= rows.keys()
    ratios = [line["ratio"] for line in lines if "target" in line]
    assert len(ratios) >= targets
    # Of a few pages, what is left when the start has been taken off may be less than nothing.
    figures = [value for row in rows.values() for name, value in row.items() if name not in {"bench", "subject"}]
    assert all(math.isfinite(figure) for figure in figures + ratios)
    assert all(value > 0 for row in rows.values() for name, value in row.items() if name in CERTAIN)


def test_crawl_figures_are_medians() -> None:
    """A crawls figures are medians per page."""
    subject = crawl.Subject("dateline", starts=[crawl.Usage(1.5, 1.2), crawl.Usage(9.0, 1.0), crawl.Usage(1.0, 1.1)])
    subject.rounds = [crawl.Usage(0.004, 0.002), crawl.Usage(0.002, 0.001), crawl.Usage(0.9, 0.003)]
    assert subject.row() == Row("dateline", {"pages_per_s": 250.0, "cpu_ms_per_page": 2.0, "start_cpu_s": 1.1})


@pytest.mark.parametrize("arguments", [["flight"], ["crawl", "--count", "1"], ["--rounds", "0"]])
def test_wrong_usage_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: python -m infra.bench" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (Target(what="CPU", ratio=0.75, at_most=0.75), "met: 0.75 of the CPU; wanted at most 0.75"),
        (Target(what="CPU", ratio=0.8, at_most=0.75), "MISSED: 0.80 of the CPU; wanted at most 0.75"),
        (Target(what="speed", ratio=1.2, at_least=0.9), "met: 1.20 of the speed; wanted at least 0.9"),
        (Target(what="speed", ratio=0.5, at_least=0.9), "MISSED: 0.50 of the speed; wanted at least 0.9"),
    ],
)
def test_missed_target_has_line(target: Target, line: str) -> None:
    """A missed target is a line of its own."""
    result = Result(bench="crawl", method="", rows=[Row("dateline", {"s": 1.0})], targets=[target])
    show(result, Console(file=(out := io.StringIO()), width=100))
    assert line in out.getvalue().splitlines()


def test_slow_round_is_ignored() -> None:
    """A slow round counts for neither."""
    assert median_ratio([1.0, 10.0, 1.0], [2.0, 20.0, 2.0]) == 0.5


def test_made_up_pages() -> None:
    """Made up pages are always the same and like real ones."""
    some = list(pages(12))
    assert some == list(pages(12))
    assert len({page.url for page in some}) == 12
    for page in some:
        assert 100_000 < len(page.html) < 175_000
        assert 25_000 < len(gzip.compress(page.html, 6)) < 50_000
    assert {re.findall(rb'<html lang="(..)"', page.html)[0] for page in some} == {b"ar", b"en", b"fr"}


def test_pages_are_distinct() -> None:
    """There are no more pages than distinct ones."""
    assert sum(1 for _ in pages(1000)) == DISTINCT


def test_recorded_pages_as_they_are(tmp_path: Path) -> None:
    """Recorded pages are read as they are."""
    path = tmp_path / "pages.jsonl.gz"
    lines = [{"id": f"{n}", "url": f"http://news.example.org/{n}", "html": f"<p>مرحبا {n}"} for n in range(3)]
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    assert list(pages(2, path)) == [
        NewsPage("http://news.example.org/0", "<p>مرحبا 0".encode()),
        NewsPage("http://news.example.org/1", "<p>مرحبا 1".encode()),
    ]
