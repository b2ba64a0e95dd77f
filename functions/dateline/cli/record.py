"""``dateline sources record``: a page of an outlet, kept for the tests."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from dateline.cli.output import CommandError, console, progress
from dateline.cli.sources import allow_samples, named, of_outlet, outlet_of, registered

if TYPE_CHECKING:
    from dateline.page import Page


def record(
    url: Annotated[str, typer.Argument(help="The address of a story of a registered outlet.")],
    from_: Annotated[
        Path | None, typer.Option("--from", help="A WARC file that has the page; without it, the outlet is asked.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Which of the sources of its host it is of.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; else as its URL ends.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the recorded pages are.")] = Path("tests/sources"),
) -> None:
    """Record a page with which the tests then hold extraction to the outlet's articles.

    Only pages that may be published: they become part of the tests.
    """
    from spiders import recording

    outlet = _outlet(url, source)
    page = _of_file(from_, url) if from_ else _fetched(outlet, url)
    where = folder / outlet.country / outlet.id / (name or _name(url))
    try:
        recording.write(where, of_outlet(page, outlet))
    except FileExistsError as error:
        raise CommandError(f"there is {where} already; give another --name, or remove it") from error
    console.print(f"{where}", soft_wrap=True, highlight=False)
    progress.print(
        "now run pytest tests/extraction/test_recorded_pages.py, and review the article.json that it writes",
        soft_wrap=True,
    )


def _outlet(url: str, source: str | None) -> Any:
    """The source whose page it is; CommandError where none has it."""
    from dateline.importing import Outlets

    among = [named(source)] if source else list(registered().values())
    found = Outlets(map(outlet_of, among)).of(url)
    if found is None:
        whose = source or "any registered outlet"
        raise CommandError(f"{url} is on no host of {whose}; dateline sources list prints them")
    return next(each for each in among if each.id == found.id)


def _fetched(outlet: Any, url: str) -> "Page":
    from spiders import recording

    allow_samples([outlet])
    with progress.status("asking"):
        try:
            page = recording.fetch(outlet, url).page()
        except recording.NotFetchedError as error:
            raise CommandError(f"{url} was not recorded: {error}") from error
    _outlet(page.url, outlet.id)  # it may have sent us elsewhere
    return page


def _of_file(path: Path, url: str) -> "Page":
    """The page of a WARC file; CommandError where it is not there."""
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
