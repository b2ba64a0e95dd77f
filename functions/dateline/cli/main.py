"""The ``dateline`` command.

Commands write data to standard output and messages to standard error. Exit status: 0 success, 1 failure, 2 wrong
usage. Each command imports its libraries when it runs, to keep ``--help`` quick.
"""

import io
import sys
from typing import Annotated

import typer

from dateline import __version__
from dateline.cli import commands
from dateline.cli.collecting import crawl, extract, import_, sources
from dateline.cli.maintaining import pack, rebuild, reextract, verify, withdraw
from dateline.cli.operating import cost, env, functions, quarantine, redrive, status
from dateline.cli.reading import analyse, cite, export, link, open_, persons, proofs, query, search, show, watch
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
    except OSError as error:
        if not is_full(error):
            raise
        what = f"{error.filename} cannot be written" if error.filename else "a file cannot be written"
        note(f"dateline: {what}: {error.strerror}; free space, then run the command again")
        sys.exit(1)
