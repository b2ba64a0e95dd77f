"""``dateline cite``: the citation of a story."""

import sys
from typing import Annotated, Literal

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError


def cite(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    format: Annotated[
        Literal["csl-json", "bibtex", "ris", "text"], typer.Option("--format", help="Form of the citation.")
    ] = "text",
    revision: Annotated[int | None, typer.Option(min=1, help="A revision's number; by default the newest.")] = None,
    stack: StackName = None,
) -> None:
    """Print the citation of a story: outlet, authors, dates, URL, capture time, digest and id.

    Names stay in their own script.
    """
    from dateline.api.archive import Archive, NotFoundError, WithdrawnError
    from dateline.reader.formats.cite import cite as cited
    from dateline.sources import registry

    deployed = Stack.find(stack)
    archive = Archive(deployed.query())
    try:
        article = archive.article(archive.revision(id, revision) if revision else id)
    except (NotFoundError, WithdrawnError) as error:
        raise CommandError(str(error)) from error
    source = registry.registered(deployed.sources).get(article.source or "")
    sys.stdout.write(cited(article, format, outlet=source.name if source else None))
