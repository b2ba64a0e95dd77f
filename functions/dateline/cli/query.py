"""``dateline query`` and ``show``: what the archive has."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dateline.article import Article
from dateline.cli.output import CommandError, Json, console, print_json
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


def show(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    text: Annotated[bool, typer.Option("--text", help="Its words alone.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The page as the server sent it, decoded.")] = False,
    revisions: Annotated[bool, typer.Option("--revisions", help="Its revisions, oldest first.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Show one story: what it says, where it is kept, and how it changed."""
    found = Stack.find(stack).query()
    try:
        story = found.story(id)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if story is None:
        raise CommandError(f"the archive has no story {id}; dateline query lists what it has")
    if raw:
        sys.stdout.buffer.write(found.raw(story).body)
    elif revisions:
        _show_revisions(found.revisions(story["id"]), json)
    elif text:
        print(found.article(story).text)
    elif json:
        print_json(found.article(story).to_dict())
    else:
        console.print(_panel(found.article(story), story))


def _table(stories: Iterator[Story]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("id", "published", "source", ""):
        table.add_column(name, no_wrap=True)
    table.add_column("title", no_wrap=True, overflow="ellipsis")
    for story in stories:
        published = story.get("published_at", "-")[:16].replace("T", " ")
        table.add_row(story["id"], published, story["source"], story.get("language", ""), Text(story["title"]))
    return table


def _show_revisions(revisions: list[Story], json: bool) -> None:
    for revision in revisions:
        if json:
            print_json(revision)
        else:
            console.print(Text(f"{revision['revision']}  {revision['captured_at']}  {revision['title']}"))


def _panel(article: Article, story: Story) -> Panel:
    facts = {
        "url": article.url,
        "published": article.published_at,
        "dateline": article.dateline and article.dateline.text,
        "authors": ", ".join(article.authors),
        "agencies": ", ".join(article.agencies),
        "revision": f"{article.revision}, captured {article.captured_at}",
        "gone": story.get("gone_at"),
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    lines += ["", *([article.standfirst, ""] if article.standfirst else []), article.text]
    lines += [f"\n[{image.caption or ''} {image.credit or ''}]" for image in article.images]
    return Panel(Text("\n".join(lines)), title=Text(article.title), subtitle=article.id)
