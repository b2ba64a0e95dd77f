"""``dateline search``: stories by their words."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dateline.cli.names import check_country, check_language, check_sources
from dateline.cli.options import Day, check_days
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import (
    CommandError,
    Json,
    console,
    count,
    is_terminal,
    note,
    print_json,
    printable,
    write,
)

if TYPE_CHECKING:
    from dateline.search.query.facets import Facets
    from dateline.search.query.find import Hit, Results
    from dateline.search.query.snippets import Highlighted

_LISTED = 5  # values of a facet


def search(
    query: Annotated[str, typer.Argument(help='Words, "phrases", -exclusions and fields, such as place:Sabha.')],
    source: Annotated[list[str] | None, typer.Option(help="Stories of this source; repeatable.")] = None,
    country: Annotated[
        list[str] | None, typer.Option(help="Stories of this country's outlets (ISO 3166, such as ly); repeatable.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Stories in this language (BCP 47); repeatable.")] = None,
    since: Day = None,
    until: Day = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first, not the most relevant.")] = False,
    facets: Annotated[
        bool, typer.Option("--facets", help="Count the stories by source, country, language, month.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many stories.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on after an earlier page.")] = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Find stories by their words, in Arabic, English, French and Turkish.

    Fields: title, author, source, country, language, about (a country), place and person (names in any spelling),
    date, since and until (days or months).
    """
    from dateline.search.index.manifest import OutdatedIndexError
    from dateline.search.query.find import CursorError
    from dateline.search.query.language import QueryError, is_unpaired

    check_days(since, until)
    deployed = Stack.find(stack)
    check_sources(source or (), deployed.query().sources)
    for code in country or ():
        check_country(code)
    for code in language or ():
        check_language(code)
    try:
        results = deployed.search().find(
            query,
            sources=source or (),
            countries=country or (),
            languages=language or (),
            since=since.date() if since else None,
            until=until.date() if until else None,
            by="newest" if newest else "relevance",
            limit=limit,
            cursor=cursor,
            facets=facets,
        )
    except (CursorError, OutdatedIndexError, QueryError) as error:
        raise CommandError(str(error)) from error
    if json:
        for hit in results.hits:
            print_json({**hit.story, "score": hit.score, "snippet": asdict(hit.snippet)})
    else:
        for hit in results.hits:
            _print(hit)
    if results.facets:
        _print_facets(results.facets, json=json)
    if is_unpaired(query):
        note("a quotation mark has no partner and counts as a space; put one on each side of a phrase")
    note(_summary(results))


def _print(hit: "Hit") -> None:
    story = hit.story
    told = (str(story.get("published_at", "-"))[:10], story.get("source", ""), story.get("language", ""), story["id"])
    _print_marked(hit.title)
    write("  ".join(told))
    _print_marked(hit.snippet)
    write("")


def _print_marked(found: "Highlighted") -> None:
    """Print a passage; on a terminal, the words that were asked for in colour."""
    if is_terminal():
        from rich.text import Text

        pieces = ((printable(piece), "bold yellow" if asked else "") for piece, asked in found.parts())
        console().print(Text.assemble(*pieces))
    else:
        write("".join(piece for piece, _ in found.parts()))


def _print_facets(facets: "Facets", *, json: bool) -> None:
    counts: dict[str, dict[str, int]] = {name: dict(found) for name, found in asdict(facets).items()}
    if json:
        print_json({"facets": counts})
        return
    for name, found in counts.items():
        write(f"{name}: {', '.join(f'{value} {number}' for value, number in [*found.items()][:_LISTED])}")


def _summary(results: "Results") -> str:
    total: Any = "" if results.total is None else f" of {results.total:,}"
    relaxed = "; no story has all of the words, these have most of them" if results.relaxed else ""
    further = f"; more with --cursor {results.cursor}" if results.cursor else ""
    stories = f"{len(results.hits)}{total} stories" if total else count(len(results.hits), "story", "stories")
    return f"{stories}{relaxed}{further}"
