"""``dateline export``: the stories of a query as a file."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.options import About, Country, Day, Language, Limit, Place, Source, Words, check_days
from dateline.cli.reading.query import select
from dateline.cli.stack import STATE, Stack, StackName
from dateline.cli.terminal.output import CommandError, count, note, progress
from dateline.full_disk import is_full

if TYPE_CHECKING:
    from dateline.export import Export
    from dateline.query.filters import Selection
    from dateline.query.query import Query
    from dateline.story import StoryItem

    Chunks = Callable[[Export], Iterator[bytes]]


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    WARC = "warc"
    WACZ = "wacz"
    OPENSEARCH = "opensearch"


_KEY = STATE / "export-key.pem"  # P-384
_IN_FILES = (Format.PARQUET, Format.WACZ)  # made in a file, not in a stream
_MAPPING = ".index.json"  # what OpenSearch needs before the stories


def export(
    form: Annotated[Format, typer.Option("--format", "-f", help="File format.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Into this file; without it, to standard output.")
    ] = None,
    source: Source = None,
    country: Country = None,
    about: About = None,
    place: Place = None,
    language: Language = None,
    since: Day = None,
    until: Day = None,
    text: Words = None,
    limit: Limit = None,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="csv: cells unchanged, even those that spreadsheets execute as formulas.")
    ] = False,
    stack: StackName = None,
) -> None:
    """Export stories with their words (jsonl, csv, parquet, opensearch), or their captures (warc, wacz).

    For OpenSearch, the stories are lines for ``_bulk``; beside the file is another one, ``.index.json``, which creates
    the index. Safe to interrupt: the file appears when it is complete.
    """
    if output is None and (form in _IN_FILES or (form is Format.WARC and sys.stdout.isatty())):
        raise typer.BadParameter(f"{form} goes into a file, such as -o stories.{form}", param_hint="--output")
    check_days(since, until)
    wanted = {"source": source, "country": country, "about": about, "language": language, "text": text}
    deployed = Stack.find(stack)
    found = deployed.query()
    selection = select(found, since, until, place, limit=limit, newest_first=False, **wanted)
    chunks = _chunks(form, faithful=faithful)
    with _counted(found, selection) as exported:
        if output is None and chunks:
            sys.stdout.buffer.writelines(chunks(exported))
        elif output is not None:
            with _in_one_step(output) as path:
                _write(exported, form, path, chunks, deployed)
            if form is Format.OPENSEARCH:
                _write_mapping(output.with_suffix(_MAPPING))
    note(f"{count(exported.done, 'story', 'stories')}{f' in {output}' if output else ''}")
    if exported.unread:
        note(f"not read: {' '.join(exported.unread)}; run dateline verify")
        raise typer.Exit(1)


def _chunks(form: Format, *, faithful: bool) -> "Chunks | None":
    """What gives the bytes of a format; None for one that is made in a file."""
    from dateline.export import captures, tables

    if form is Format.CSV:
        return partial(tables.csv_rows, faithful=faithful)
    streams: dict[Format, Chunks] = {Format.JSONL: tables.jsonl, Format.WARC: captures.warc, Format.OPENSEARCH: _bulk}
    return streams.get(form)


def _bulk(exported: "Export") -> Iterator[bytes]:
    from dateline.search.index import opensearch
    from dateline.search.index.schema import Entry

    return opensearch.bulk(Entry.of(story, article) for story, article in exported.read(exported.query.article))


def _write_mapping(path: Path) -> None:
    from dateline.search.index import opensearch

    with _in_one_step(path) as part:
        part.write_text(json.dumps(opensearch.index(), ensure_ascii=False, indent=1), encoding="utf-8")


def _write(exported: "Export", form: Format, path: Path, chunks: "Chunks | None", stack: Stack) -> None:
    from dateline.export import tables

    try:
        if form is Format.WACZ:
            _write_wacz(exported, path, stack)
        elif chunks is None:
            tables.parquet(exported, path)
        else:
            with path.open("wb") as file:
                file.writelines(chunks(exported))
    except ModuleNotFoundError as error:
        raise CommandError(f"{form} needs a library, {error.name}: pip install 'dateline[export]'") from error


def _write_wacz(exported: "Export", path: Path, stack: Stack) -> None:
    """Write a WACZ file, signed by this machine's key, with one proof of its records if all are in stamped trees."""
    from dateline.export import captures
    from dateline.export.signed import signer
    from dateline.proofs.evidence import Evidence

    evidence = Evidence(stack.s3, stack.capture_bucket)
    if missing := captures.wacz(exported, path, key=signer(_KEY), evidence=evidence):
        note(f"no proof in it: {missing}")


@contextmanager
def _in_one_step(output: Path) -> Iterator[Path]:
    """A file to write that becomes ``output`` at the end, and is gone if that does not come."""
    if not output.parent.is_dir():
        raise CommandError(f"there is no folder {output.parent} to write {output.name} into")
    part = output.with_name(f".{output.name}.part")
    try:
        yield part
        part.replace(output)
    except OSError as error:
        if is_full(error) and not error.filename:
            raise OSError(error.errno, error.strerror, str(output)) from error
        if error.filename == str(part) and not is_full(error):
            raise CommandError(f"{output} cannot be written: {error.strerror}; name another file") from error
        raise
    finally:
        with suppress(OSError):  # one that could not be made
            part.unlink(missing_ok=True)


@contextmanager
def _counted(query: "Query", selection: "Selection") -> "Iterator[Export]":
    """The export of a selection, with how far it is on standard error."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from dateline.export import Export

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("exporting", total=None)

        def stories() -> "Iterator[StoryItem]":
            for story in selection.of(query):
                bars.update(task, description=count(exported.done, "story", "stories"))
                yield story

        exported = Export(query, stories(), f"{selection}")
        yield exported
