"""The ``dateline`` command.

Commands write data to standard output and messages to standard error. Exit status: 0 success, 1 failure, 2 wrong
usage. Each command imports its libraries when it runs, to keep ``--help`` quick.
"""

import io
import sys
import tempfile
from typing import Annotated, Any

import typer

from dateline import __version__
from dateline.cli import commands
from dateline.cli.collecting import crawl, extract, import_, sources
from dateline.cli.maintaining import pack, rebuild, reextract, verify, withdraw
from dateline.cli.operating import cost, env, functions, quarantine, redrive, status
from dateline.cli.reading import analyse, cite, export, link, open_, persons, proofs, query, search, show, watch
from dateline.cli.stack import STATE
from dateline.cli.terminal.output import CommandError, note
from dateline.full_disk import is_full

app = typer.Typer(
    name="dateline",
    help="A serverless archive of regional news: collect, extract, archive, query.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for name, function in commands.found():
    app.command(name)(function)
for name, function in commands.found("sources"):
    sources.app.command(name)(function)
for command in (status.status, crawl.crawl, extract.extract, query.query, search.search, show.show):
    app.command()(command)
app.command("open")(open_.open_)
app.command()(cite.cite)
app.command()(analyse.sql)
app.command()(analyse.plot)
app.command()(link.link)
app.command("import")(import_.import_)
app.command()(export.export)
app.command()(cost.cost)
app.command()(functions.compact)
app.command()(functions.logs)
app.command()(env.env)
app.command()(pack.pack)
app.command()(rebuild.rebuild)
app.command()(redrive.redrive)
app.command()(reextract.reextract)
app.command()(verify.verify)
app.command()(withdraw.withdraw)
app.add_typer(persons.app, name="names")
app.command()(proofs.prove)
app.command("check-proof")(proofs.check_proof)
app.add_typer(proofs.app, name="proofs")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sources.app, name="sources")
app.add_typer(watch.app, name="watch")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"dateline {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """A serverless archive of regional news: collect, extract, archive, query."""


def run() -> None:
    """Run the command; an expected failure is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal's encoding, such as ASCII, has not
    try:
        app()
    except CommandError as error:
        note(f"dateline: {error}")
        sys.exit(1)
    except Exception as error:
        if not (told := _of_full_disk(error)):
            raise
        note(f"dateline: {told}")
        sys.exit(1)


def _of_full_disk(error: Exception) -> str:
    """Return the line about a full disk, this process's or the local cloud's; empty for another error."""
    if is_full(error):
        where = getattr(error, "filename", None) or f"a file in {STATE.resolve()} or {tempfile.gettempdir()}"
        why = getattr(error, "strerror", None) or str(error)
        return f"{where} cannot be written: {why}; free space, then run the command again"
    answer: dict[str, Any] = getattr(error, "response", {}).get("Error", {})  # a ClientError's, without its import
    return str(answer["Message"]) if answer.get("Code") == "InsufficientStorage" else ""
