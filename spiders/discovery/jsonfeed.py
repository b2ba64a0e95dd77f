"""JSON Feed 1.0 and 1.1 (jsonfeed.org), as items in feedparser's form."""

import json
from typing import Any

from spiders.discovery.seed_reader import UnreadableError


def items(body: bytes) -> list[dict[str, Any]] | None:
    """Return the items, each with ``link``, ``title``, ``published`` and ``updated`` if present.

    None for anything but JSON. Raises UnreadableError for other JSON.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return None
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the answer is not a feed: {error}") from error
    listed = feed.get("items")
    if "jsonfeed.org" not in str(feed.get("version")) or not isinstance(listed, list):
        raise UnreadableError("the answer is JSON, but not a feed")
    return [_item(item) for item in listed if isinstance(item, dict)]


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """``url`` is the outlet's page, ``external_url`` a page elsewhere; an ``id`` is often an address."""
    names = {
        "link": ("url", "id"),
        "title": ("title",),
        "published": ("date_published",),
        "updated": ("date_modified",),
    }
    return {name: text for name, keys in names.items() if (text := _first(item, keys))}


def _first(item: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((value for key in keys if isinstance(value := item.get(key), str) and value), None)
