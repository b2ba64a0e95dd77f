"""``dateline import``: bring other people's captures into the archive."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dateline.cli.output import CommandError, Json, console, print_json, progress
from dateline.cli.progress import follow, words
from dateline.cli.sources import registered
from dateline.cli.stack import Stack, StackName
from dateline.cli.tracking import Followed, of_captures

if TYPE_CHECKING:
    from dateline.importing import Imported

Paths = Annotated[
    list[Path],
    typer.Argument(help="WARC files (.warc, .warc.gz, .warc.zst), HTML files, clippings (.txt), or folders of these."),
]


def import_(
    paths: Paths,
    any_host: Annotated[bool, typer.Option("--any-host", help="Also pages of hosts that no source has.")] = False,
    source: Annotated[
        str | None, typer.Option(help="The source of clippings that name none, and with --any-host of those pages.")
    ] = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds without any progress before it gives up.")] = 300,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Import WARC files, saved pages and clippings, and follow them to the archive. Known pages are skipped.

    Beside saved pages, a list `urls.tsv` gives their addresses: file, URL and, if known, the time of capture.
    """
    from dateline.importing import Importer, Outlets
    from dateline.importing.folders import files

    outlets = registered()
    if source and source not in outlets:
        raise CommandError(f"there is no source {source}; dateline sources list prints them")
    if missing := [str(path) for path in paths if not path.exists()]:
        raise CommandError(f"no such file or folder: {', '.join(missing)}")
    deployed = Stack.find(stack)
    known = Outlets(outlets.values(), any_host=any_host, default=outlets[source] if source else None)
    importer = Importer(deployed.s3, deployed.captures, known)
    imported = []
    for path in paths:
        for name, pages in files(path):
            imported.append(importer.add(name, pages))
            _print(imported[-1], json)
    followed = _followed(importer.captures)
    follow(deployed, followed, patience)
    _print_total(imported, followed, json)
    if any(each.unreadable for each in imported) or not all(each.done for each in followed):
        raise typer.Exit(1)


def _followed(captures: Mapping[str, int]) -> list[Followed]:
    """What was captured, by source."""
    by_source: dict[str, dict[str, int]] = defaultdict(dict)
    for key, pages in captures.items():
        by_source[key.split("/")[1]][key] = pages
    return [of_captures(source, keys) for source, keys in sorted(by_source.items())]


def _print(imported: "Imported", json: bool) -> None:
    if json:
        print_json(imported.summary())
    else:
        console.print(f"{imported.file}: {_sentence(imported.summary())}", soft_wrap=True, highlight=False)
    if imported.damage:
        progress.print(f"{imported.file}: {imported.damage}", soft_wrap=True)


def _print_total(imported: "list[Imported]", followed: list[Followed], json: bool) -> None:
    total = {
        "files": len(imported),
        "captured": sum(each.captured for each in imported),
        "known": sum(each.known for each in imported),
        "refused": dict(sorted(sum((each.refused for each in imported), Counter[str]()).items())),
        "outcomes": dict(sorted(sum((each.outcomes for each in followed), Counter[str]()).items())),
        "done": all(each.done for each in followed),
    }
    if json:
        print_json(total)
    else:
        console.print(_sentence(total), soft_wrap=True, highlight=False)
    for each in followed:
        if not each.done:
            progress.print(f"{each.source}: not archived yet; dateline status, and the functions' logs, say why")


def _sentence(counts: Mapping[str, Any]) -> str:
    """``captured 24 pages: 21 archived, 3 not_article; 2 known; 40 refused (not-html 38, other-host 2)``."""
    outcomes = words(counts.get("outcomes", {}))
    parts = [f"captured {counts['captured']} pages{f': {outcomes}' if outcomes else ''}"]
    if counts["known"]:
        parts.append(f"{counts['known']} known")
    if refused := counts["refused"]:
        parts.append(f"{sum(refused.values())} refused ({words(refused, number_first=False)})")
    return "; ".join(parts)
