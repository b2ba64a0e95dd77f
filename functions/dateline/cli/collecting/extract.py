"""``dateline extract``: pages to articles, without any cloud."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dateline.cli.collecting.sources import named
from dateline.cli.terminal.output import CommandError, print_json

if TYPE_CHECKING:
    from dateline.article import Extraction
    from dateline.page import Page

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="HTML, WARC, ARC and WACZ files, clippings (.txt) or folders of them; - for JSON lines {page, url, html}"
        " on standard input.",
    ),
]


def extract(
    paths: Paths,
    url: Annotated[str | None, typer.Option(help="The address of the pages in files that do not say theirs.")] = None,
    source_timezone: Annotated[
        str | None, typer.Option(help="Time zone of dates without an offset, such as Africa/Tripoli.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Source of pages without a stated one, for its rules and time zone.")
    ] = None,
    captured_at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"],
            metavar="INSTANT",
            help="When the pages were captured, 2019-04-17T08:00:00Z or a day in UTC; later dates are not taken.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines, as it does anyway.")] = False,  # noqa: ARG001
) -> None:
    """Print a JSON line for each page: its outcome, and the fields of its article."""
    from dateline.extraction import batch

    at = captured_at if captured_at is None or captured_at.tzinfo else captured_at.replace(tzinfo=UTC)
    hints = batch.Hints(url, _zone(source_timezone), at)
    if paths == [Path("-")]:
        answers = batch.from_lines(sys.stdin.buffer, hints, _extraction(source, paths))
    else:
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise CommandError(f"no such file or folder: {', '.join(missing)}")
        from dateline.importing.answers import from_paths

        answers = from_paths(paths, hints, _extraction(source, paths))
    if not _print(answers):
        raise typer.Exit(1)


def _extraction(source: str | None, paths: Sequence[Path]) -> "Callable[[Page], Extraction]":
    """Extraction as the function does it: in a child process, by the rules of the page's source."""
    from dateline.extraction import extract as in_process
    from dateline.extraction.rulebook import NO_RULES, Rulebook
    from dateline.extraction_worker import Isolated
    from dateline.settings import Settings

    settings = Settings.from_environment()
    outlet = named(source) if source else None
    if outlet:
        rulebook = Rulebook({outlet.id: outlet.extract})
    else:
        rulebook = Rulebook.shipped(settings.sources) if any(map(_may_state_sources, paths)) else NO_RULES
    by_rules = partial(in_process, rulebook=rulebook)
    isolated = Isolated(lambda: by_rules, seconds=settings.page_seconds, memory=settings.page_memory)
    return (lambda page: isolated(outlet.complete(page))) if outlet else isolated


def _may_state_sources(path: Path) -> bool:
    """Whether pages may state their source, as in WARC files."""
    return path.is_dir() or not {".warc", ".arc", ".wacz"}.isdisjoint(path.suffixes)


def _print(answers: Iterable[Mapping[str, Any]]) -> bool:
    """Print the answers as they come; whether every page could be examined."""
    examined = True
    for answer in answers:
        print_json(answer)
        examined = examined and answer["outcome"] != "quarantined"
    return examined


def _zone(name: str | None) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return None
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(f"{name!r} is no time zone such as Africa/Tripoli") from error
