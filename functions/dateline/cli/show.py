"""``dateline show``: one story, its revisions and its copies."""

import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from dateline.article import Article
from dateline.cli.output import CommandError, Json, console, print_json
from dateline.cli.stack import Stack, StackName
from dateline.query.diff import Change, Piece, as_html, between
from dateline.query.query import Query
from dateline.story import StoryItem

_STYLES = {"same": "", "removed": "red strike", "added": "green"}
_MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}  # as git has them, where there is no colour


def show(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    text: Annotated[bool, typer.Option("--text", help="Its words alone.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The page as the server sent it, decoded.")] = False,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="Its revisions, oldest first, and what changed.")
    ] = False,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="What changed between two revisions, by number or instant of capture."),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="With --diff: as a page for a browser.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Show one story: its text, its location in the archive, its revisions and its copies.

    A story with a removed page remains readable.
    """
    if html and not diff:
        raise typer.BadParameter("--html goes with --diff A B")
    found = Stack.find(stack).query()
    story = _find(found, id)
    if diff:
        _show_diff(found, found.revisions(story["id"]), diff, html=html, json=json)
    elif raw:
        sys.stdout.buffer.write(found.raw(story).body)
    elif revisions:
        _show_revisions(found, story, json=json)
    elif text:
        print(found.article(story).text)
    elif json:
        print_json(_told(found, story))
    else:
        console.print(_panel(found.article(story), story, found.cluster(story["id"])))


def _find(found: Query, id: str) -> StoryItem:
    try:
        story = found.story(id)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if story is None:
        raise CommandError(f"the archive has no story {id}; dateline query lists what it has")
    if "withdrawn_at" in story:
        raise CommandError(f"{story['url']} was withdrawn on {story['withdrawn_at'][:10]}: {story['reason']}")
    return story


def _told(found: Query, story: StoryItem) -> dict[str, object]:
    """A story's article, with what the index alone knows of it."""
    wanted = ("id", "source", "url", "title", "published_at", "first_seen_at", "gone_at")
    copies = [{name: copy.get(name) for name in wanted} for copy in found.cluster(story["id"])]
    article = found.article(story).to_dict()
    return {**article, "cluster": story["cluster"], "copies": copies, "gone_at": story.get("gone_at")}


def _show_revisions(found: Query, story: StoryItem, *, json: bool) -> None:
    listed = found.revisions(story["id"])
    articles = [found.article(revision) for revision in listed]
    changes = [None, *(between(*pair) for pair in pairwise(articles))]
    for revision, change in zip(listed, changes, strict=True):
        if json:
            print_json({**revision, **({"changed": _summary(change)} if change else {})})
        else:
            console.print(Text(f"{revision['revision']}  {revision['captured_at']}  {revision['title']}"))
            if change:
                console.print(Text(f"   {_sentence(change)}"))
    if "gone_at" in story and not json:
        console.print(Text(f"gone since {story['gone_at']}"))


def _summary(change: Change) -> dict[str, object]:
    """What changed, as JSON: numbers of words, and what else is other than it was, before and after."""
    summary: dict[str, object] = {"words_added": change.added, "words_removed": change.removed}
    if change.is_retitled:
        summary["title"] = change.titles
    if change.is_redated:
        summary["published_at"] = change.published_at
    return summary


def _sentence(change: Change) -> str:
    parts = [f"{change.added} words added, {change.removed} removed"]
    if change.is_retitled:
        parts.append(f"title was: {change.titles[0]}")
    if change.is_redated:
        parts.append("published: {} -> {}".format(*(at or "undated" for at in change.published_at)))
    return "; ".join(parts)


def _show_diff(found: Query, listed: Sequence[StoryItem], names: tuple[str, str], *, html: bool, json: bool) -> None:
    before, after = (found.article(_revision(listed, name)) for name in names)
    change = between(before, after)
    if html:
        sys.stdout.write(as_html(change, before, after))
    elif json:
        pieces = {"title": change.title, "paragraphs": change.paragraphs}
        print_json({**_summary(change), "pieces": pieces})
    else:
        console.print(Text(_sentence(change)), "", _marked(change.title), sep="\n")
        for paragraph in change.paragraphs:
            console.print("", _marked(paragraph), sep="\n")


def _revision(listed: Sequence[StoryItem], name: str) -> StoryItem:
    """The revision with a number, or captured at an instant that begins so."""
    chosen = [each for each in listed if str(each["revision"]) == name]
    if not chosen and len(name) >= len("2019"):
        chosen = [each for each in listed if each["captured_at"].startswith(name)]
    if len(chosen) == 1:
        return chosen[0]
    there = ", ".join(f"{each['revision']} ({each['captured_at']})" for each in chosen or listed)
    raise CommandError(f"{'several revisions are' if chosen else 'there is no revision'} {name}; there are {there}")


def _marked(pieces: Iterable[Piece]) -> Text:
    """Words in colour on a terminal, and with marks around them elsewhere."""
    if console.is_terminal:
        return Text(" ").join(Text(text, style=_STYLES[kind]) for kind, text in pieces)
    return Text(" ".join(_MARKS[kind].format(text) for kind, text in pieces))


def _panel(article: Article, story: StoryItem, cluster: Sequence[StoryItem]) -> Panel:
    facts = {
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
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    if len(cluster) > 1:
        lines += ["printed by, the first to appear first:", *(f"  {_printed(copy)}" for copy in cluster)]
    lines += ["", *([article.standfirst, ""] if article.standfirst else []), article.text]
    lines += [f"\n[{image.caption or ''} {image.credit or ''}]" for image in article.images]
    return Panel(Text("\n".join(lines)), title=Text(article.title), subtitle=article.id)


def _printed(copy: StoryItem) -> str:
    published = copy.get("published_at") or f"undated, first seen {copy['first_seen_at']}"
    return f"{copy.get('source')}  {published}  {copy['id']}  {copy['title']}"
