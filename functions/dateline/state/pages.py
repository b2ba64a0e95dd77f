"""URL states from captured pages and discoveries."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dateline import instants
from dateline.page import Payload
from dateline.state.records import REWRITES, FeedState, UrlState
from dateline.urls import canonical, is_web

if TYPE_CHECKING:
    from dateline.capture import Capture

_MAX_DATE = 60  # characters of a date as a feed has it
_MAX_TITLE = 300  # characters of a title: an item is well below 1 KB, and the whole title is in the capture


def url_states(page: "Capture") -> Iterator[UrlState]:
    """Yield the states of a captured page's URLs: the requested and the final one.

    Yields nothing for imported pages: they are not the crawl's to revisit or to skip.
    """
    if page.metadata.get("family") == "import" or not is_web(page.url):
        return iter(())
    payload = page.revisits or Payload(page.url, page.captured_at, page.payload_digest or "")
    return captured(
        page.url,
        page.metadata,
        captured_at=page.captured_at,
        status=page.status,
        payload=payload,
        validators=page.validators,
    )


def captured(
    url: str,
    metadata: Mapping[str, Any],
    *,
    captured_at: datetime,
    status: int,
    payload: Payload,
    validators: tuple[str | None, str | None],
) -> Iterator[UrlState]:
    """Like ``url_states``, for a page not stored yet, from its future metadata record."""
    asked_for, answered = canonical(metadata.get("requested_url", url)), canonical(url)
    etag, last_modified = validators if any(validators) else metadata.get("validators", (None, None))
    state = UrlState(
        url=asked_for,
        source=metadata.get("source", ""),
        captured_at=instants.utc(captured_at, "seconds"),
        status=200 if status == 304 else status,
        item=item_hash(metadata) if metadata.get("family") == "feed" else None,
        first_seen_at=metadata.get("first_seen_at"),
        etag=etag,
        last_modified=last_modified,
        digest=payload.digest or None,
        payload_url=payload.url,
        payload_at=instants.utc(payload.at, "microseconds"),
        due=metadata.get("due"),
        rewrites=metadata.get("rewrites", 0),
        found=kept(metadata),
    )
    states = [state]
    if answered != asked_for:
        states.append(replace(state, url=answered, due=None, found={}))
    if end := metadata.get("end"):  # what stories ended there, so that many are found out to be none
        states.append(replace(state, url=end["url"], due=None, found={"reached_by": " ".join(end["reached_by"])}))
    yield from map(_without_payload, states) if state.rewrites >= REWRITES else states


def _without_payload(state: UrlState) -> UrlState:
    """A state that stays as it is whatever bytes a look finds; it still says where redirects ended."""
    return replace(
        state, digest=None, payload_at=None, payload_url=None if state.payload_url == state.url else state.payload_url
    )


def kept(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the part of a discovery kept in the table, for a revisit under the same conditions."""
    limits = {"family": 20, "discovered_from": 2000, "requested_url": 2000, "feed_date": 40, "lastmod": 40}
    limits |= {"feed_title": _MAX_TITLE, "feed_date_raw": _MAX_DATE}
    return {name: metadata[name][:limit] for name, limit in limits.items() if metadata.get(name)}


def conditions(state: UrlState | FeedState) -> dict[str, str]:
    """Return the headers of a conditional request (RFC 9110 section 13.1)."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}


def item_hash(metadata: Mapping[str, Any]) -> str:
    """Return 16 hex digits of a feed item's title and date; a change of them triggers a revisit."""
    title = (metadata["feed_title"] or "")[:_MAX_TITLE]  # as in the table, the source of a repeated hash
    date = metadata["feed_date"] or (metadata["feed_date_raw"] or "")[:_MAX_DATE]
    return hashlib.sha256(f"{title}\n{date}".encode()).hexdigest()[:16]
