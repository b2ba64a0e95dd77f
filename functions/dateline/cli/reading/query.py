"""``dateline query``: list stories."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.names import check_country, check_language, check_sources
from dateline.cli.options import About, Country, Day, Language, Limit, Place, Source, Words, check_days
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, is_terminal, note, print_json
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.query.filters import Selection
    from dateline.query.query import Query
    from dateline.story import StoryItem

_SCREEN = 50  # stories on a terminal, if no --limit is given
_COUNTED = 10_000  # stories that are counted beyond these: 10 MB of the index, ten reads of a second in all
_OUTWEIGHS = 10  # times the inhabitants of another place of the same name
_COLUMNS = (
    Column("id"),
    Column("published"),
    Column("source"),
    Column("language", drop=2),
    Column("gone", drop=1),
    Column("title", cut=True),
)


def query(
    source: Source = None,
    country: Country = None,
    about: About = None,
    place: Place = None,
    language: Language = None,
    since: Day = None,
    until: Day = None,
    text: Words = None,
    limit: Limit = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Begin with the oldest story.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the archive's stories by publication date, newest first."""
    check_days(since, until)
    found = Stack.find(stack).query()
    wanted = {"source": source, "country": country, "about": about, "language": language, "text": text}
    selection = select(found, since, until, place, limit=limit, newest_first=not oldest_first, **wanted)
    chosen = selection.of(found)
    if json:
        _print_json(chosen)
    elif is_terminal() and limit is None:
        _print_screen(chosen, counted=text is None)
    else:
        _print(chosen)


def select(
    found: "Query",
    since: datetime | None,
    until: datetime | None,
    place: str | None,
    *,
    limit: int | None,
    newest_first: bool,
    **wanted: str | None,
) -> "Selection":
    """Return the selection of a command's options; CommandError for an unknown source, country, language or place."""
    from dateline.query.filters import Selection

    if source := wanted.get("source"):
        check_sources([source], found.sources)
    check_country(wanted.get("country"))
    check_country(wanted.get("about"))
    check_language(wanted.get("language"))
    return Selection(
        since=since.date() if since else None,
        until=until.date() if until else None,
        place=place_id(place) if place else None,
        limit=limit,
        newest_first=newest_first,
        **wanted,
    )


def place_id(name: str) -> int:
    """Return the GeoNames id of a place, given the id or a name in any spelling with one dominant meaning."""
    if name.isdecimal():
        return int(name)
    from dateline.places.gazetteer import Gazetteer

    found = [(sense, sense.id) for sense in Gazetteer.load().named(name) if sense.id]
    if not found:
        raise CommandError(f"the gazetteer has no place {name!r}; give its GeoNames id, if it has one")
    (first, id), *others = found
    if any(other.population * _OUTWEIGHS > first.population for other, _ in others):
        senses = ", ".join(f"{id} ({sense.name}, {sense.country})" for sense, id in found)
        raise CommandError(f"{name!r} is the name of several places; give the id of one: {senses}")
    return id


def _print_json(stories: "Iterator[StoryItem]") -> None:
    from dateline.story import Story

    for item in stories:
        print_json(Story.from_item(item).to_dict())


def _print_screen(stories: "Iterator[StoryItem]", *, counted: bool) -> None:
    """Print the first stories, and on standard error how many there are; each costs a read if they have words."""
    shown = list(islice(stories, _SCREEN))
    _print(iter(shown))
    if len(shown) < _SCREEN:
        return
    more = sum(1 for _ in islice(stories, _COUNTED if counted else 1))
    if more:
        total = "more" if not counted else f"over {_COUNTED:,}" if more == _COUNTED else f"{_SCREEN + more:,}"
        note(f"{_SCREEN} of {total}; --limit for more")


def _print(stories: "Iterator[StoryItem]") -> None:
    first = next(stories, None)
    if first is None:
        note("no stories")
        return
    print_table(_COLUMNS, (_row(story) for each in ((first,), stories) for story in each))


def _row(story: "StoryItem") -> tuple[str, ...]:
    published = story.get("published_at", "-")[:16].replace("T", " ")
    language, gone = story.get("language", ""), "gone" if "gone_at" in story else ""
    return story["id"], published, story.get("source", ""), language, gone, story["title"]
