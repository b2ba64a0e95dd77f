"""Stories that an earlier version began: until their re-extraction, new captures go on under their former ids."""

import dataclasses
from collections.abc import Iterable

from dateline.article import Extraction
from dateline.capture import Capture
from dateline.index.index import Index
from dateline.keys import identifiers
from dateline.outcomes import PageOutcome
from dateline.urls import identity, is_web


class FormerIds:
    """The former ids of the stories of some pages; an earlier version wrote them, so that any read has them by now.

    Costs reads for pages under http alone: others have had no other id.
    """

    def __init__(self, index: Index, pages: Iterable[tuple[Capture, Extraction]]) -> None:
        stated = (found.article.url if found.article else captured.url for captured, found in pages)
        urls = [identity(url) for url in stated if url.lower().startswith("http:") and is_web(url)]
        former = {identifiers.article_id(url): identifiers.former_article_id(url) for url in urls}
        known = index.current(former.values(), consistent=False) if former else {}
        begun = {id: was for id, was in former.items() if was in known}
        present = index.current(begun) if begun else {}
        self._former = {id: was for id, was in begun.items() if id not in present}

    def of_story(self, extraction: Extraction) -> Extraction:
        """Return an extraction with its story's id."""
        article = extraction.article
        if article is None or article.id not in self._former:
            return extraction
        return extraction._replace(article=dataclasses.replace(article, id=self._former[article.id]))

    def of_page(self, page: PageOutcome) -> PageOutcome:
        """Return an outcome with its story's id."""
        return dataclasses.replace(page, id=self._former.get(page.id, page.id))
