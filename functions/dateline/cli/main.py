"""The ``dateline`` command.

Data goes to standard output, messages to standard error. Exit status: 0 success, 1 failure, 2 wrong usage. Commands
import what they need when they run, to keep ``--help`` quick.
"""

import sys

import typer

from dateline.cli import (
    commands,
    crawl,
    export,
    extract,
    import_,
    quarantine,
    query,
    rebuild,
    reextract,
    search,
    show,
    sources,
    status,
    verify,
    withdraw,
)
from dateline.cli.output import CommandError

app = typer.Typer(
    name="dateline",
    help="A serverless archive of regional news: collect, extract, archive, query.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for name, function in commands.found():
    app.command(name)(function)
for name, function in commands.found("sources"):
    sources.app.command(name)(function)
for command in (status.status, crawl.crawl, extract.extract, query.query, search.search, show.show):
    app.command()(command)
app.command("import")(import_.import_)
app.command()(export.export)
app.command()(rebuild.rebuild)
app.command()(reextract.reextract)
app.command()(verify.verify)
app.command()(withdraw.withdraw)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(sources.app, name="sources")


def main() -> None:
    """Run the command; an expected failure is one line on standard error."""
    try:
        app()
    except CommandError as error:
        print(f"dateline: {error}", file=sys.stderr)
        sys.exit(1)
