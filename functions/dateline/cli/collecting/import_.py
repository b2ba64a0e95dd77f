"""``dateline import``: bring other people's captures into the archive."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dateline.cli.collecting.progress import follow, words
from dateline.cli.collecting.sources import registered
from dateline.cli.names import check_sources
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, write

if TYPE_CHECKING:
    from dateline.cli.collecting.tracking import FollowedCrawl
    from dateline.importing.importer import Imported

Paths = Annotated[
    list[Path],
    typer.Argument(help="WARC files (.warc, .warc.gz, .warc.zst, .wacz), HTML files, clippings (.txt), or folders."),
]

# What to do about each reason of a refusal (``importing.Reason``).
_REMEDIES = {
    "other-host": "pages of unregistered hosts; --any-host takes them, or add the outlet's source file",
    "not-html": "files and records that are no HTML pages; save the pages as .html, clippings as .txt",
    "no-page": "redirects, server errors and a crawler's own notes; nothing to do",
    "revisit": "records that refer to an earlier capture; import the file with that capture too",
    "encoded": "pages in an unknown content encoding; fetch them again without compression",
    "damaged": "pages whose digest, status or date is wrong; fetch or copy them again",
    "too-large": "pages larger than any article; nothing to do",
    "no-url": "pages without an address; write it into urls.tsv beside them",
    "bad-url": "addresses that are no URLs, such as http:///a; correct urls.tsv, or the clipping's URL: line",
    "long-url": "pages with an address too long for the index; save them under a shorter one",
    "no-source": "clippings and pages of no registered outlet; name one with --source, or a Source: line on top",
    "unreadable": "files that urls.tsv lists and that cannot be read; check their paths and permissions",
}


def import_(
    paths: Paths,
    any_host: Annotated[bool, typer.Option("--any-host", help="Also pages of unregistered hosts.")] = False,
    source: Annotated[
        str | None, typer.Option(help="Source of clippings without one, and with --any-host of their pages.")
    ] = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds without any progress before it gives up.")] = 300,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Import WARC files, saved pages and clippings, and follow them to the archive. Known pages are skipped.

    Beside saved pages, a list `urls.tsv` gives their addresses: file, URL and, if known, the time of capture.
    """
    from dateline.importing.folders import files
    from dateline.importing.importer import Importer
    from dateline.importing.outlets import Outlets

    if source:
        check_sources([source])
    if missing := [str(path) for path in paths if not path.exists()]:
        raise CommandError(f"no such file or folder: {', '.join(missing)}")
    deployed, outlets = Stack.find(stack), registered()
    known = Outlets(outlets.values(), any_host=any_host, default=outlets[source] if source else None)
    importer = Importer(deployed.s3, deployed.capture_bucket, known)
    imported = []
    for path in paths:
        for name, pages in files(path):
            imported.append(importer.add(name, pages))
            _print(imported[-1], json)
    followed = _followed(importer.captures)
    follow(deployed, followed, patience)
    _print_total(imported, followed, json)
    came_in = any(each.captured or each.known for each in imported)
    if not came_in or any(each.unreadable for each in imported) or not all(each.done for each in followed):
        raise typer.Exit(1)


def _followed(captures: Mapping[str, int]) -> "list[FollowedCrawl]":
    """What was captured, by source."""
    from dateline.cli.collecting.tracking import of_captures

    by_source: dict[str, dict[str, int]] = defaultdict(dict)
    for key, pages in captures.items():
        by_source[key.split("/")[1]][key] = pages
    return [of_captures(source, keys) for source, keys in sorted(by_source.items())]


def _print(imported: "Imported", json: bool) -> None:
    if json:
        print_json(imported.summary())
    else:
        write(f"{imported.file}: {_sentence(imported.summary())}")
    if imported.damage:
        note(f"{imported.file}: {imported.damage}; {imported.remedy}")


def _print_total(imported: "list[Imported]", followed: "list[FollowedCrawl]", json: bool) -> None:
    total: dict[str, Any] = {
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
        write(_sentence(total))
    if not (total["captured"] or total["known"]):
        note("nothing came in")
    for reason in total["refused"]:
        note(f"{reason}: {_REMEDIES[reason]}")
    for each in followed:
        if not each.done:
            note(f"{each.source}: not archived yet; dateline status and dateline logs say why")


def _sentence(counts: Mapping[str, Any]) -> str:
    """``captured 24 pages: 21 archived, 3 not_article; 2 known; 40 refused (not-html 38, other-host 2)``."""
    outcomes = words(counts.get("outcomes", {}))
    parts = [f"captured {count(counts['captured'], 'page')}{f': {outcomes}' if outcomes else ''}"]
    if counts["known"]:
        parts.append(f"{counts['known']:,} known")
    if refused := counts["refused"]:
        parts.append(f"{sum(refused.values()):,} refused ({words(refused, number_first=False)})")
    return "; ".join(parts)
