"""``dateline show``: one story, its revisions and its copies."""

import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import (
    CommandError,
    Json,
    console,
    count,
    is_terminal,
    one_line,
    print_json,
    printable,
    write,
)

if TYPE_CHECKING:
    from dateline.article import Article
    from dateline.query.diff import Edit, Piece
    from dateline.query.query import Query
    from dateline.story import StoryItem

_STYLES = {"same": "", "removed": "red strike", "added": "green"}
_MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}  # as git has them, where there is no colour


def show(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    text: Annotated[bool, typer.Option("--text", help="Its words alone.")] = False,
    article: Annotated[bool, typer.Option("--article", help="The whole article as JSON, as it is stored.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The page as the server sent it, decoded.")] = False,
    copies: Annotated[
        bool, typer.Option("--copies", help="The stories that are copies of it, the first to appear first.")
    ] = False,
    revisions: Annotated[bool, typer.Option("--revisions", help="Its revisions, oldest first, with changes.")] = False,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Differences of two revisions, by number or capture time."),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="With --diff: as a page for a browser.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Show one story: its text, its location in the archive, its revisions and its copies.

    A story with a removed page remains readable. --json prints the story in the form of `dateline query --json`.
    """
    if html and not diff:
        raise typer.BadParameter("--html goes with --diff A B")
    found = Stack.find(stack).query()
    story = find(found, id)
    if diff:
        _show_diff(found, found.revisions(story["id"]), diff, html=html, json=json)
    elif raw:
        _write_bytes(found.raw(story).body)
    elif article:
        _write_bytes(found.line(story))
    elif revisions:
        _show_revisions(found, story, json=json)
    elif copies:
        _show_copies(found.cluster(story["id"]), json=json)
    elif text:
        _show_text(found.article(story).text)
    elif json:
        print_json(_public(story))
    else:
        _show(found.article(story), story, found.cluster(story["id"]))


def find(found: "Query", id: str) -> "StoryItem":
    """Return a story by its id or URL. Raises CommandError for an unknown or withdrawn one."""
    try:
        story = found.story(id)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if story is None:
        raise CommandError(f"the archive has no story {id!r}; dateline query lists what it has")
    if "withdrawn_at" in story:
        raise CommandError(f"{story['url']} was withdrawn on {story['withdrawn_at'][:10]}: {story['reason']}")
    return story


def _public(item: "StoryItem") -> dict[str, object]:
    from dateline.story import Story

    return dict(Story.from_item(item).to_dict())


def _write_bytes(data: bytes) -> None:
    """Write bytes as they are; on a terminal, without control characters."""
    if is_terminal():
        write(data.decode("utf-8", "replace").rstrip("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)


def _show_text(text: str, style: str = "") -> None:
    """Print text; on a terminal a long line goes on in the next, between two words."""
    if is_terminal():
        from rich.text import Text

        console().print(Text(printable(text), style))
    else:
        write(text)


def _show_copies(cluster: "Sequence[StoryItem]", *, json: bool) -> None:
    for copy in cluster:
        if json:
            print_json(_public(copy))
        else:
            write(_printed(copy))


def _show_revisions(found: "Query", story: "StoryItem", *, json: bool) -> None:
    from dateline.query.diff import between

    listed = found.revisions(story["id"])
    articles = [found.article(revision) for revision in listed]
    changes = [None, *(between(*pair) for pair in pairwise(articles))]
    for revision, change in zip(listed, changes, strict=True):
        if json:
            print_json(_public(revision) | ({"changed": _summary(change)} if change else {}))
        else:
            _show_text(f"{revision['revision']}  {revision['captured_at']}  {one_line(revision['title'])}")
            if change:
                _show_text(f"   {_sentence(change)}")
    if "gone_at" in story and not json:
        write(f"gone since {story['gone_at']}")


def _summary(change: "Edit") -> dict[str, object]:
    """What changed, as JSON: numbers of words, and what else is other than it was, before and after."""
    summary: dict[str, object] = {"words_added": change.added, "words_removed": change.removed}
    if change.is_retitled:
        summary["title"] = change.titles
    if change.is_redated:
        summary["published_at"] = change.published_at
    return summary


def _sentence(change: "Edit") -> str:
    parts = [f"{count(change.added, 'word')} added, {change.removed:,} removed"]
    if change.is_retitled:
        parts.append(f"title was: {one_line(change.titles[0])}")
    if change.is_redated:
        parts.append("published: {} -> {}".format(*(at or "undated" for at in change.published_at)))
    return "; ".join(parts)


def _show_diff(
    found: "Query", listed: "Sequence[StoryItem]", names: tuple[str, str], *, html: bool, json: bool
) -> None:
    from dateline.query.diff import as_html, between

    before, after = (found.article(_revision(listed, name)) for name in names)
    change = between(before, after)
    if html:
        sys.stdout.write(as_html(change, before, after))
    elif json:
        pieces = {"title": change.title, "paragraphs": change.paragraphs}
        print_json({**_summary(change), "pieces": pieces})
    else:
        _show_text(_sentence(change))
        for paragraph in (change.title, *change.paragraphs):
            write("")
            _show_pieces(paragraph)


def _revision(listed: "Sequence[StoryItem]", name: str) -> "StoryItem":
    """The revision with a number, or captured at an instant that begins so."""
    chosen = [each for each in listed if str(each["revision"]) == name]
    if not chosen and len(name) >= len("2019"):
        chosen = [each for each in listed if each["captured_at"].startswith(name)]
    if len(chosen) == 1:
        return chosen[0]
    there = ", ".join(f"{each['revision']} ({each['captured_at']})" for each in chosen or listed)
    raise CommandError(f"{'several revisions are' if chosen else 'there is no revision'} {name}; there are {there}")


def _show_pieces(pieces: "Iterable[Piece]") -> None:
    """Print words in colour on a terminal that has some, and with marks around them elsewhere."""
    if is_terminal() and console().color_system and not console().no_color:
        from rich.text import Text

        console().print(Text(" ").join(Text(printable(text), style=_STYLES[kind]) for kind, text in pieces))
    else:
        _show_text(" ".join(_MARKS[kind].format(text) for kind, text in pieces))


def _show(article: "Article", story: "StoryItem", cluster: "Sequence[StoryItem]") -> None:
    facts = {
        "id": article.id,
        "url": article.url,
        "published": article.published_at,
        "dateline": article.dateline and article.dateline.text,
        "authors": ", ".join(article.authors),
        "agencies": ", ".join(article.agencies),
        "places": ", ".join(f"{place.name} ({place.country})" for place in article.places),
        "about": ", ".join(article.about),
        "persons": ", ".join(person.name for person in article.persons),
        "organisations": ", ".join(organisation.name for organisation in article.organisations),
        "revision": f"{article.revision}, captured {article.captured_at}",
        "gone": story.get("gone_at"),
    }
    _show_text(one_line(article.title), "bold")
    for name, value in facts.items():
        if value:
            _show_text(f"{name}: {one_line(value)}")
    if len(cluster) > 1:
        _show_text("copies, in order of appearance:")
        for copy in cluster:
            _show_text(f"  {_printed(copy)}")
    captions = (" | ".join(filter(None, (image.caption, image.credit))) for image in article.images)
    pictures = (f"[{caption}]" for caption in captions if caption)
    for block in filter(None, (article.standfirst, *article.text.split("\n\n"), *pictures)):
        _show_text(f"\n{block}")


def _printed(copy: "StoryItem") -> str:
    published = copy.get("published_at") or f"undated, first seen {copy['first_seen_at']}"
    return f"{copy.get('source')}  {published}  {copy['id']}  {one_line(copy['title'])}"
