"""Read an archive: its stories, their words, their captures and what changed."""

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from dateline import instants
from dateline.api.stories import Stories
from dateline.article import Article
from dateline.query.filters import Selection
from dateline.query.query import Query
from dateline.story import Story, StoryItem

if TYPE_CHECKING:
    from dateline.analysis.sql import Engine, Rows
    from dateline.search.query.find import Results, Search

_BEGINNING = "0"  # before every cursor


class NotFoundError(LookupError):
    """The archive has no such story."""


class WithdrawnError(LookupError):
    """The story was withdrawn after a legal request; the message says when and why."""


class Archive:
    """An archive to read from; ``dateline.connect`` returns one.

    Methods that take a story accept a ``Story``, its id or its URL. They raise NotFoundError for an unknown id or URL
    and WithdrawnError for a withdrawn story. Each call asks AWS anew; failures there raise botocore's ClientError.
    """

    def __init__(
        self,
        query: Query,
        search: "Callable[[], Search] | None" = None,
        engine: "Callable[[], Engine] | None" = None,
    ) -> None:
        self._query, self._connected_search, self._engine = query, search, engine

    def stories(
        self,
        *,
        source: str | None = None,
        country: str | None = None,
        about: str | None = None,
        place: int | None = None,
        language: str | None = None,
        since: date | None = None,
        until: date | None = None,
        text: str | None = None,
        limit: int | None = None,
        oldest_first: bool = False,
    ) -> Stories:
        """Return the stories that meet all conditions, by publication date, newest first.

        ``country`` is the outlet's and ``about`` a country that the story is about (ISO 3166 alpha-2, lower case);
        ``place`` is a GeoNames id, ``language`` BCP 47. ``since`` and ``until`` are days in UTC, both included.
        ``text`` are words of the title or the text, in any case; it costs a range GET for each candidate.

        >>> stories = archive.stories(country="ly", since=date(2019, 4, 1), until=date(2019, 4, 30))
        >>> print(next(iter(stories)).published_at[:10])
        2019-04-16
        """
        selection = Selection(
            source=source,
            country=country,
            about=about,
            place=place,
            language=language,
            since=since,
            until=until,
            text=text,
            limit=limit,
            newest_first=not oldest_first,
        )
        return Stories(lambda: map(Story.from_item, selection.of(self._query)))

    def search(
        self,
        query: str,
        *,
        sources: Collection[str] = (),
        countries: Collection[str] = (),
        languages: Collection[str] = (),
        since: date | None = None,
        until: date | None = None,
        newest_first: bool = False,
        limit: int = 20,
        cursor: str | None = None,
        facets: bool = False,
    ) -> "Results":
        """Return a page of the stories that a query matches, the most relevant first.

        The query has words, "phrases", -exclusions and fields (``title:``, ``source:``, ``about:``, ``place:``,
        ``person:``, ``since:``). ``since`` and ``until`` are days of publication in UTC, both included. ``cursor`` is
        that of the page before. Raises QueryError, CursorError or OutdatedIndexError.

        >>> archive.search("cranes", limit=1).hits[0].title.text
        'Harbour cranes return to work after two-week stoppage'
        """
        if self._connected_search is None:
            raise NotFoundError("this archive was made without its search; use dateline.connect")
        return self._connected_search().find(
            query,
            sources=sources,
            countries=countries,
            languages=languages,
            since=since,
            until=until,
            by="newest" if newest_first else "relevance",
            limit=limit,
            cursor=cursor,
            facets=facets,
        )

    def sql(self, query: str) -> "Rows":
        """Return the rows of SQL over the dataset's table ``articles``: DuckDB locally, Athena on AWS, the same text.

        The dataset is some hours behind the archive. Raises SqlError.

        >>> archive.sql("SELECT count(*) AS stories FROM articles").rows
        ((2,),)
        """
        return self._dataset().run(query)

    def plot(
        self, what: Literal["stories", "outlets", "edits"], since: date, until: date, country: str | None = None
    ) -> str:
        """Return a plot of the dataset as an SVG: stories a day, outlets by place, or edits over time.

        >>> archive.plot("stories", date(2019, 4, 1), date(2019, 4, 30))[:4]
        '<svg'
        """
        from dateline.analysis import plots  # noqa: PLC0415 - for those who plot

        return plots.svg(plots.plot(self._dataset(), what, since, until, country))

    def _dataset(self) -> "Engine":
        if self._engine is None:
            raise NotFoundError("this archive was made without its dataset; use dateline.connect")
        return self._engine()

    def story(self, id_or_url: str) -> Story:
        """Return the newest revision of one story.

        >>> archive.story(url).revision
        1
        """
        return Story.from_item(self._item(id_or_url))

    def article(self, story: Story | str) -> Article:
        """Return the whole article of a story or of one of its revisions: one range GET.

        >>> article = archive.article(url)
        >>> article.dateline.place, article.language
        ('Misrata', 'en')
        """
        return self._query.article(self._found(story))

    def text(self, story: Story | str) -> str:
        """Return the words of a story: its paragraphs, with a blank line between them.

        >>> archive.text(url)[:45]
        'The cranes of the eastern quay lifted their f'
        """
        return self.article(story).text

    def raw(self, story: Story | str) -> bytes:
        """Return the page that the server sent, without transfer and content encodings: one range GET.

        >>> archive.raw(url).lstrip()[:15].lower()
        b'<!doctype html>'

        DamagedCaptureError if the capture cannot be read.
        """
        return self._query.raw(self._found(story)).body

    def revisions(self, story: Story | str) -> list[Story]:
        """Return all revisions of a story, in the order of capture.

        >>> [revision.revision for revision in archive.revisions(url)]
        [1]
        """
        found = story if isinstance(story, Story) else self.story(story)
        return [Story.from_item(item) for item in self._query.revisions(found.id)]

    def revision(self, story: Story | str, number: int) -> Story:
        """Return the revision of a story with a number, counted from 1. Raises NotFoundError.

        >>> archive.revision(url, 1).captured_at == archive.story(url).captured_at
        True
        """
        there = {each.revision: each for each in self.revisions(story)}
        if number not in there:
            raise NotFoundError(f"the story has no revision {number}; it has {', '.join(map(str, there))}")
        return there[number]

    def copies(self, story: Story | str) -> list[Story]:
        """Return the stories that are copies of a story, itself included, in the order in which they appeared."""
        found = story if isinstance(story, Story) else self.story(story)
        return [Story.from_item(item) for item in self._query.cluster(found.id)]

    def changes(self, since: Story | str | date | None = None) -> Iterator[Story]:
        """Yield what was indexed after a cursor, in the order of indexing: new stories and new revisions.

        ``since`` is a ``Story.cursor`` or the story itself, an instant in ISO 8601, a day, or an aware datetime; None
        is the beginning. Keep the last story's cursor and continue from it. An interrupted capture is indexed late
        with the instant of its first attempt: to miss nothing, restart three hours before and skip known stories.

        >>> first = next(archive.changes())
        >>> first.cursor in {story.cursor for story in archive.changes(since=first)}
        False
        """
        for item in self._query.indexed_since(_cursor(since)):
            if "withdrawn_at" not in item:
                yield Story.from_item(item)

    def sources(self) -> list[str]:
        """Return the ids of the sources that the archive has stories of.

        >>> "sample-gazette" in archive.sources()
        True
        """
        return self._query.sources()

    def _found(self, story: Story | str) -> StoryItem:
        """The index item with a story's two pointers."""
        if isinstance(story, str):
            return self._item(story)
        item = StoryItem(article=story.article.to_item())
        return StoryItem(**item, capture=story.capture.to_item()) if story.capture else item

    def _item(self, id_or_url: str) -> StoryItem:
        item = self._query.story(id_or_url)
        if item is None:
            raise NotFoundError(f"the archive has no story {id_or_url}")
        if "withdrawn_at" in item:
            raise WithdrawnError(f"{item['url']} was withdrawn on {item['withdrawn_at'][:10]}: {item['reason']}")
        return item


def _cursor(since: Story | str | date | None) -> str:
    """The key after which indexed stories follow."""
    if isinstance(since, Story):
        return since.cursor
    if isinstance(since, datetime):
        return instants.utc(since)
    return since.isoformat() if isinstance(since, date) else since or _BEGINNING
