"""Outcomes of a WARC file's pages: the lines of its outcomes object, and their articles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dateline.article import Article, Outcome
from dateline.keys import identifiers
from dateline.keys.object_keys import Stem
from dateline.urls import identity, is_identity

WITHDRAWN = "withdrawn"  # reason for the outcome of a withdrawn story's page


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """Outcome of one captured page: a line of an outcomes object.

    ``offset`` and ``length`` are those of its response record in the WARC file. ``extraction`` names the articles
    object that a page's article is in (``Stem.extracted``). ``rules_missed`` are the fields of its story for which
    the source has a rule that found nothing. ``digest`` and ``published_at`` are the words and the date of a story that
    made no revision: an earlier capture that is archived later may turn it into one. ``former_ids`` are the ids of its
    story under earlier rules for ids; they stay valid as aliases.
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
    digest: str | None = None
    published_at: str | None = None
    former_ids: tuple[str, ...] = ()

    @property
    def is_withdrawn(self) -> bool:
        """Whether the page belongs to a withdrawn story."""
        return self.outcome is Outcome.NOT_ARTICLE and self.reason == WITHDRAWN

    @property
    def is_rest(self) -> bool:
        """Whether this is the unreadable rest of a damaged WARC file instead of a page."""
        return self.length == 0


@dataclass(frozen=True, slots=True)
class Stored:
    """An article with the location of its gzip member in the articles object."""

    article: Article
    offset: int
    length: int


def looks(outcomes: Iterable[PageOutcome]) -> Iterator[tuple[str, str, bool]]:
    """Yield each page's story id, capture time, and whether it was gone."""
    return ((page.id, page.captured_at, page.outcome is Outcome.GONE) for page in outcomes if page.status)


def articles_key(stem: Stem, outcomes: Iterable[PageOutcome]) -> str:
    """Return the key of the articles object named by a WARC file's outcomes."""
    return stem.extracted(extraction(outcomes))


def extraction(outcomes: Iterable[PageOutcome]) -> str | None:
    """Return the name of the extraction behind a WARC file's articles; None for the first."""
    return next((page.extraction for page in outcomes if page.extraction), None)


def made_no_revision(page: PageOutcome) -> bool:
    """Whether a page is of a story, with words that are known and no revision of their own."""
    return page.digest is not None and page.outcome is not Outcome.ARCHIVED


def is_of_chain(page: PageOutcome) -> bool:
    """Whether a page has a place in the chain of its story's revisions."""
    return page.outcome is Outcome.ARCHIVED or page.digest is not None


def own_id(page: PageOutcome) -> str:
    """Return the story id of a page's own URL, regardless of a canonical URL in the page.

    A page archived under its URL's former id keeps it until its re-extraction.
    """
    if not is_identity(page.url):
        return page.id
    url = identity(page.url)
    return page.id if page.id == identifiers.former_article_id(url) else identifiers.article_id(url)
