"""Index items of a WARC file, and their parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dateline.article import Article, Outcome
from dateline.aws import dynamodb
from dateline.index import clusters, gone
from dateline.keys import item_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome, Stored, articles_key, own_id

_STORIES = (Outcome.ARCHIVED, Outcome.UNCHANGED, Outcome.DUPLICATE)
_MAX_TITLE, _LEAST_TITLE = 200, 200  # characters, and bytes; the whole title is in the article
_ITEM = 1024 - 33  # bytes of a CURRENT item of one write unit, without its cluster


def entries(stem: Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> Iterator[dict[str, Any]]:
    """Yield the items of one WARC file alone: revisions, bands, aliases, pages that were there."""
    found = summaries(stem, outcomes, articles)
    yield from (item_keys.alias(own) | {"id": id} for own, id in aliases(outcomes))
    yield from (item_keys.revision(each["id"], each["captured_at"]) | each for each in found)
    yield from (band for stored in articles for band in clusters.bands(stored.article))
    yield from gone.seen(stem, outcomes)


def current_item(revision: Mapping[str, Any]) -> dict[str, Any]:
    """Return the CURRENT item of a story with this newest revision, without ``gone_at`` and cluster."""
    return {**revision, **item_keys.article(revision["id"])}


def summaries(stem: Stem, outcomes: Sequence[PageOutcome], articles: Iterable[Stored]) -> list[dict[str, Any]]:
    """Return the summaries of a WARC file's revisions."""
    return [summary(articles_key(stem, outcomes), stored) for stored in articles]


def summary(key: str, stored: Stored) -> dict[str, Any]:
    """Return a story's metadata for lists and the location of the rest, without empty attributes."""
    article = stored.article
    values = {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "source": article.source,
        "outlet_country": article.outlet_country,
        "language": article.language,
        "published_at": article.published_at,
        "published_precision": article.published_precision,
        "dateline": article.dateline.text if article.dateline else None,
        "places": [place.id for place in article.places] or None,
        "about": list(article.about) or None,
        "persons": [person.id for person in article.persons] or None,
        "organisations": [organisation.id for organisation in article.organisations] or None,
        "captured_at": article.captured_at,
        "first_seen_at": article.first_seen_at,
        "indexed_at": article.indexed_at,
        "revision": article.revision,
        "digest": article.digest,
        "article": {"key": key, "offset": stored.offset, "length": stored.length},
        "capture": _capture_pointer(article),
    }
    found = {name: value for name, value in values.items() if value is not None}
    return found | {"title": _cut(article.title, dynamodb.size(current_item(found | {"title": ""})))}


def _cut(title: str, rest: int) -> str:
    """Return the start of a title, whole letters, for a CURRENT item with so many bytes besides."""
    room = max(_ITEM - rest, _LEAST_TITLE)
    return title[:_MAX_TITLE].encode("utf-8", "surrogatepass")[:room].decode("utf-8", "ignore")


def _capture_pointer(article: Article) -> dict[str, Any] | None:
    pointer = article.capture
    return {"key": pointer.key, "offset": pointer.offset, "length": pointer.length} if pointer else None


def aliases(outcomes: Sequence[PageOutcome]) -> Iterator[tuple[str, str]]:
    """Return pairs of ids: of requested URLs or earlier rules, and of the stories named by their pages."""
    for page in outcomes:
        if page.outcome in _STORIES:
            yield from ((other, page.id) for other in (own_id(page), *page.former_ids) if other != page.id)
