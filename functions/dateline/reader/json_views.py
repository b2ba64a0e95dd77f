"""Stories, edits and facets as JSON has them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dateline.article import Article
from dateline.query.diff import Edit
from dateline.search.query.find import Hit, Results
from dateline.story import Story

_POINTERS = {"article", "capture"}
_FIELDS = tuple(field.name for field in dataclasses.fields(Story) if field.name not in _POINTERS)


def story(found: Story) -> dict[str, Any]:
    """Return a story without its pointers into the buckets."""
    return {name: value for name, value in found.to_dict().items() if name not in _POINTERS}


def hit(found: Hit) -> dict[str, Any]:
    """Return a hit: the story as the search index has it, its score, and the matched ranges of title and snippet."""
    values = {name: found.story.get(name) for name in _FIELDS if name in found.story}
    marked = {"title": found.title, "snippet": found.snippet}
    return {
        **values,
        "score": found.score,
        "matched": {name: dataclasses.asdict(each) for name, each in marked.items()},
    }


def results(found: Results, cursor: str | None) -> dict[str, Any]:
    """Return a page of a search."""
    return {
        "total": found.total,
        "relaxed": found.relaxed,
        "cursor": cursor,
        "facets": _counts(dataclasses.asdict(found.facets)) if found.facets else None,
        "stories": [hit(each) for each in found.hits],
    }


def article(found: Article, story: Story) -> dict[str, Any]:
    """Return a revision's article with what the index knows of the story."""
    return {**found.to_dict(), "gone_at": story.gone_at, "cluster": story.cluster or found.cluster}


def edit(found: Edit) -> dict[str, Any]:
    """Return an edit: titles and dates before and after, numbers of words, and the pieces of title and text."""
    return {
        "titles": found.titles,
        "published_at": found.published_at,
        "words_added": found.added,
        "words_removed": found.removed,
        "title": [piece._asdict() for piece in found.title],
        "paragraphs": [[piece._asdict() for piece in paragraph] for paragraph in found.paragraphs],
    }


def _counts(facets: Mapping[str, Mapping[str, int]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{"value": value, "stories": count} for value, count in found.items()] for name, found in facets.items()
    }
