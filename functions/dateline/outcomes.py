"""What became of the pages of a capture object: lines of its outcomes object, and the articles that go with them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dateline import keys
from dateline.article import Article, Outcome
from dateline.urls import identity, is_identity

WITHDRAWN = "withdrawn"  # the reason why a page of a story that was withdrawn is no article


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """What became of one captured page: a line of an outcomes object.

    ``offset`` and ``length`` are those of its response record in the capture object. ``extraction`` names the articles
    object that a page's article is in (``keys.Stem.extracted``). ``rules_missed`` are the fields of its story for which
    the source has a rule that found nothing.
    """

    url: str
    id: str
    outcome: Outcome
    captured_at: str
    offset: int
    length: int
    status: int
    reason: str | None = None
    revision: int | None = None
    extraction: str | None = None
    rules_missed: tuple[str, ...] = ()

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is of a story that was withdrawn."""
        return self.outcome is Outcome.NOT_ARTICLE and self.reason == WITHDRAWN

    @property
    def is_rest(self) -> bool:
        """Whether this is no page but all the rest of a capture object that cannot be read to its end."""
        return self.length == 0


@dataclass(frozen=True, slots=True)
class Stored:
    """An article and where its gzip member lies in its articles object."""

    article: Article
    offset: int
    length: int


def looks(outcomes: Iterable[PageOutcome]) -> Iterator[tuple[str, str, bool]]:
    """When each page was looked at, by the id of its story, and whether it was gone."""
    return ((page.id, page.captured_at, page.outcome is Outcome.GONE) for page in outcomes if page.status)


def articles_key(stem: keys.Stem, outcomes: Iterable[PageOutcome]) -> str:
    """The articles object that a capture object's outcomes name."""
    return stem.extracted(extraction(outcomes))


def extraction(outcomes: Iterable[PageOutcome]) -> str | None:
    """The name of the extraction that a capture object's articles are of; the first has none."""
    return next((page.extraction for page in outcomes if page.extraction), None)


def own_id(page: PageOutcome) -> str:
    """The id of the story at a page's URL, if its page names no other URL as the canonical one."""
    return keys.article_id(identity(page.url)) if is_identity(page.url) else page.id
