"""``dateline names``: the register of persons and organisations."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.names import check_sources
from dateline.cli.options import Day, check_days
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import Json, print_json
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.article import Article
    from dateline.names.register import Entry

app = typer.Typer(help="The register of persons and organisations.", no_args_is_help=True)

_COLUMNS = (Column("id"), Column("name"), Column("spelling"), Column("stories"))


@app.callback()
def names() -> None:
    """Name persons and organisations in any spelling."""


@app.command()
def suggest(
    source: Annotated[str | None, typer.Option(help="Only stories of this source.")] = None,
    since: Day = None,
    until: Day = None,
    limit: Annotated[int, typer.Option(min=1, help="So many stories, the newest.")] = 1000,
    least: Annotated[int, typer.Option(min=1, help="Spellings of at least so many stories.")] = 1,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Propose spellings for the register: those of the archive's stories that it lacks.

    A proposal has the consonants of a listed person's name. Review it, then add it to names.tsv.
    """
    from dateline.query.filters import Selection

    check_days(since, until)
    query = Stack.find(stack).query()
    if source:
        check_sources([source], query.sources)
    first, last = since.date() if since else None, until.date() if until else None
    chosen = Selection(source=source, since=first, until=last, limit=limit, newest_first=True)
    counts = Counter(found for story in chosen.of(query) for found in set(_proposals(query.article(story))))
    rows = [(entry, spelling, stories) for (entry, spelling), stories in counts.most_common() if stories >= least]
    if json:
        for entry, spelling, stories in rows:
            print_json({"id": entry.id, "name": entry.name, "spelling": spelling, "stories": stories})
    else:
        print_table(_COLUMNS, [(entry.id, entry.name, spelling, str(stories)) for entry, spelling, stories in rows])


def _proposals(article: "Article") -> "Iterator[tuple[Entry, str]]":
    from dateline.names.detect import unlisted

    for text in (article.title, article.standfirst or "", article.text):
        yield from unlisted(text)
