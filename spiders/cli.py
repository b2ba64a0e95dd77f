"""``dateline sources check``, ``sources record`` and ``crawl --here`` (entry points ``dateline.commands``)."""

import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

import typer

from dateline.cli.collecting import sources as registry_commands
from dateline.cli.collecting.sources import named
from dateline.cli.names import check_sources
from dateline.cli.stack import Stack
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, note, print_json, progress, write
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.messages import CrawlMessage
    from dateline.page import Page
    from dateline.sources.registry import Source
    from spiders.probe import Probe

_PROBES = (
    Column("source"),
    Column("state"),
    Column("stories", right=True),
    Column("dated", right=True),
    Column("newest", right=True),
    Column("article", cut=True),
)

_COUNTS = (
    Column("country"),
    *(Column(name, right=True) for name in ("sources", "crawled", "refused", "confirmed", "seeds")),
)


def check(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Source ids; without any, all that are registered.", show_default=False)
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the day as `checked` into the files of healthy sources.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the files alone, and count sources by country; no request is made.")
    ] = False,
    json: Json = False,
) -> None:
    """Probe sources live: robots.txt, feeds, sitemaps and listings, their dates, and the page of one story."""
    from dateline.sources import registry
    from spiders import probe as probing

    check_sources(sources or ())
    known = registry_commands.registered()
    if offline:
        _check_files([known[id] for id in sources or known], json)
        return
    allow_samples(known.values())
    probes = []
    with progress().status("asking"):
        for probe in probing.probe_all([known[id] for id in sources or known]):
            probes.append(probe)
            if record and not (probe.refused or probe.problems):
                registry.record_check(known[probe.source].path, datetime.now(UTC).date())
            if json:
                print_json(asdict(probe))
    if not json:
        _print_probes(sorted(probes, key=lambda probe: probe.source))
    if any(probe.problems for probe in probes):
        raise typer.Exit(1)


def record(
    url: Annotated[str, typer.Argument(help="The address of a story of a registered outlet.")],
    from_: Annotated[
        Path | None, typer.Option("--from", help="WARC file with the page; without it, the page is fetched.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Source of the page, if its host has several.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the recorded page; by default the end of its URL.")] = None,
    folder: Annotated[Path, typer.Option(help="Folder of recorded pages.")] = Path("tests/sources"),
) -> None:
    """Record a page, as a test of extraction for its outlet.

    Record only pages with a licence to publish them: they become part of the tests.
    """
    from spiders import recording

    outlet = _outlet(url, source)
    page = _of_file(from_, url) if from_ else _fetched(outlet, url)
    where = folder / outlet.country / outlet.id / (name or _name(url))
    try:
        recording.write(where, outlet.complete(page))
    except FileExistsError as error:
        raise CommandError(f"there is {where} already; give another --name, or remove it") from error
    write(f"{where}")
    note("now run pytest tests/extraction/test_recorded_pages.py, and review the article.json")


def _outlet(url: str, source: str | None) -> "Source":
    """Return the source of a page. Raises CommandError for an unregistered host."""
    from dateline.importing.outlets import Outlets

    among = [named(source)] if source else list(registry_commands.registered().values())
    found = Outlets(among).of(url)
    if found is None:
        whose = source or "any registered outlet"
        raise CommandError(f"{url} is on no host of {whose}; dateline sources list prints them")
    return found


def _fetched(outlet: "Source", url: str) -> "Page":
    from spiders import recording

    allow_samples([outlet])
    with progress().status("asking"):
        try:
            page = recording.fetch(outlet, url).page()
        except recording.NotFetchedError as error:
            raise CommandError(f"{url} was not recorded: {error}") from error
    _outlet(page.url, outlet.id)  # it may have sent us elsewhere
    return page


def _of_file(path: Path, url: str) -> "Page":
    """Return the page of a WARC file. Raises CommandError for a missing one."""
    from dateline import capture
    from dateline.urls import canonical, is_web

    try:
        with path.open("rb") as stream:
            for found in capture.read(stream):
                if found.body and is_web(found.url) and canonical(found.url) == canonical(url):
                    return found.page()
    except (OSError, capture.DamagedCaptureError) as error:
        raise CommandError(f"{path}: {error}") from error
    raise CommandError(f"{path} has no page of {url}")


def _name(url: str) -> str:
    """``https://x.example/2019/04/the-well.html`` gives ``the-well``."""
    last = unquote(urlsplit(url).path).rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
    return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-") or "page"


def crawl_here(stack: Stack, message: "CrawlMessage", source: "Source") -> None:
    """Crawl in this process, into the stack's bucket and table; its functions do the rest."""
    from dateline.monitoring.counter_writes import Counters
    from dateline.state.crawl_state import CrawlState
    from spiders.runs.runner import run
    from spiders.state.stores import BucketStore

    allow_samples([source])
    store = BucketStore(stack.s3, stack.capture_bucket, source=message.source, crawl=message.crawl)
    report = run(message, source, store=store, state=CrawlState(stack.deployment), deadline=math.inf)
    Counters(stack.table).add_crawl(report)


def _check_files(sources: "Sequence[Source]", json: bool) -> None:
    """Print what is registered by country; exit status 1 for contradictions between files."""
    from dateline.sources import census

    counts = census.counts(sources)
    for each in counts if json else ():
        print_json(asdict(each))
    if not json:
        rows = [asdict(each) for each in (*counts, census.total(counts))]
        print_table(_COUNTS, (tuple(str(row[column.name]) for column in _COUNTS) for row in rows))
    problems = list(census.contradictions(sources))
    for problem in problems:
        note(problem)
    if problems:
        raise typer.Exit(1)


def _print_probes(probes: "Iterable[Probe]") -> None:
    print_table(_PROBES, map(_row, probes))
    for probe in probes:
        for problem in probe.problems:
            note(f"{probe.source}: {problem}")


def _row(probe: "Probe") -> tuple[str, ...]:
    state = "refused" if probe.refused else "failed" if probe.problems else "ok"
    newest = _age(probe.newest) if probe.newest else ""
    return probe.source, state, str(probe.stories), str(probe.dated), newest, probe.article or ""


def _age(instant: datetime) -> str:
    hours = (datetime.now(UTC) - instant).total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"


def allow_samples(sources: "Iterable[Source]") -> None:
    """Let this process crawl the sample newsroom at its private addresses, as the local cloud's functions may."""
    hosts = [source.host for source in sources if source.id.startswith("sample-")]
    os.environ["DATELINE_ALLOW_HOSTS"] = ",".join([os.environ.get("DATELINE_ALLOW_HOSTS", ""), *hosts])
