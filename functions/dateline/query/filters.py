"""Conditions of a query or an export."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from itertools import islice

from dateline.article import Article
from dateline.keys import item_keys
from dateline.query.query import Query
from dateline.story import StoryItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions for stories; None means any.

    ``country`` is the outlet's (ISO 3166 alpha-2, lower case; ``zz`` for unknown), ``about`` the subject's, ``place``
    the GeoNames id of a place mentioned in the story, ``language`` BCP 47. ``since`` and ``until`` limit the
    publication date in UTC, both included; ``text`` is a phrase of title or text, in any case. ``limit`` is the largest
    number of stories, the first ones in the order of ``newest_first``.
    """

    source: str | None = None
    country: str | None = None
    about: str | None = None
    place: int | None = None
    language: str | None = None
    since: date | None = None
    until: date | None = None
    text: str | None = None
    limit: int | None = None
    newest_first: bool = False

    def of(self, query: Query) -> Iterator[StoryItem]:
        """These stories, by publication date. With ``text``, each candidate costs a range GET."""
        stories = (story for story in self._indexed(query) if self._admits(story))
        if self.text:
            stories = (story for story in stories if _has(query.article(story), self.text))
        return islice(stories, self.limit)

    def __str__(self) -> str:
        """The conditions, for people: ``country ly, since 2019-04-01``."""
        said = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "newest_first"}
        return ", ".join(f"{name} {value}" for name, value in said.items() if value is not None) or "all stories"

    def _indexed(self, query: Query) -> Iterator[StoryItem]:
        """Yield candidates from the narrowest index."""
        days, order = (self.since, self.until), self.newest_first
        if self.place:
            return query.of_place(self.place, *days, newest_first=order)
        if self.about:
            return query.about(self.about, *days, newest_first=order)
        if self.source:
            return query.of_source(self.source, *days, newest_first=order)
        if self.country:
            return query.of_country(self.country, *days, newest_first=order)
        return query.of_all(*days, newest_first=order)

    def _admits(self, story: StoryItem) -> bool:
        country = story.get("outlet_country", item_keys.NOWHERE)
        return (
            self.source in {None, story.get("source")}
            and self.country in {None, country}
            and self.language in {None, story.get("language")}
            and (self.about is None or self.about in story.get("about", ()))
        )


def _has(article: Article, words: str) -> bool:
    return words.casefold() in f"{article.title}\n{article.text}".casefold()
