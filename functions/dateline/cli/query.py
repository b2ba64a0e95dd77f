"""``dateline query``: what the archive has."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dateline.cli.output import Json, console, print_json
from dateline.cli.stack import Stack, StackName
from dateline.query import Story
from dateline.selection import Selection

Source = Annotated[str | None, typer.Option(help="Stories of one source.")]
Country = Annotated[str | None, typer.Option(help="Stories of a country's outlets (ISO 3166, such as ly).")]
Language = Annotated[str | None, typer.Option(help="Stories in one language (BCP 47, such as ar).")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="yyyy-mm-dd, included.")]
Words = Annotated[str | None, typer.Option(help="Stories whose title or text has these words, in any case.")]
Limit = Annotated[int | None, typer.Option(min=1, help="So many at most, the oldest.")]


def query(
    source: Source = None,
    country: Country = None,
    language: Language = None,
    since: Day = None,
    until: Day = None,
    text: Words = None,
    limit: Limit = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the archive's stories by publication date, oldest first."""
    selection = select(since, until, source=source, country=country, language=language, text=text, limit=limit)
    chosen = selection.of(Stack.find(stack).query())
    if json:
        for story in chosen:
            print_json(story)
    else:
        console.print(_table(chosen))


def select(since: datetime | None, until: datetime | None, **wanted: Any) -> Selection:
    """What a command's options say."""
    return Selection(since=since.date() if since else None, until=until.date() if until else None, **wanted)


def _table(stories: Iterator[Story]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("id", "published", "source", "", ""):
        table.add_column(name, no_wrap=True)
    table.add_column("title", no_wrap=True, overflow="ellipsis")
    for story in stories:
        published = story.get("published_at", "-")[:16].replace("T", " ")
        gone = "gone" if "gone_at" in story else ""
        table.add_row(story["id"], published, story["source"], story.get("language", ""), gone, Text(story["title"]))
    return table
