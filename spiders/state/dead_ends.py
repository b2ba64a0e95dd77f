"""Addresses at which the redirects of many stories end: a login, a captcha, a maintenance page. They are no stories.

A redirect with status 200 says nothing of that, so the addresses are counted: within a crawl, and across crawls by the
state of the address, which names the stories that ended there (``found["reached_by"]``, from the captures' metadata).
At the third story, told apart by their titles where these are known, none of them counts as captured: each fails for
now and is asked for again. The outlet's home page is no story at the first. Addresses that are stories themselves, as
some feed or page lists them, may have many names.
"""

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from dateline.state.crawl_state import State
from dateline.state.pages import kept
from dateline.state.records import UrlState
from dateline.urls import canonical
from spiders.discovery.seed_reader import DiscoveredUrl

MANY = 3  # a story may have a short link and an old address; a third title at one address is no story's


class End(NamedTuple):
    """Where a story's redirects ended, and the canonical URLs of all stories that ended there.

    ``others`` are the states to record of the other stories where the address is ``dead``, as if none had been there.
    """

    url: str
    reached_by: tuple[str, ...]
    dead: bool
    others: tuple[UrlState, ...]


@dataclass(slots=True)
class _Led:
    """The stories that ended at one address: their names, and the states of those that count as captured so."""

    names: dict[str, str] = field(default_factory=dict)
    states: dict[str, UrlState] = field(default_factory=dict)


class DeadEnds:
    """Counts the stories that end at each address; ``home`` is the outlet's home page."""

    def __init__(self, state: State, home: str) -> None:
        self._state, self._home = state, canonical(home)
        self._led: dict[str, _Led] = {}

    async def add(self, found: DiscoveredUrl, before: UrlState, url: str, stories: Container[str]) -> End | None:
        """Note where a story's redirects ended; None where they did not leave it, or ended at one of ``stories``.

        ``before`` is the story's state before this crawl.
        """
        end = address(url, found.url)
        if end == found.identity or end in stories:
            return None
        if end not in self._led:
            recalled = await asyncio.to_thread(self._recall, end)
            self._led.setdefault(end, recalled)
        led = self._led[end]
        led.names[found.identity] = found.title or found.identity
        led.states[found.identity] = replace(before, found=kept(found.metadata()))
        dead = end == self._home or len(set(led.names.values())) >= MANY
        others = [state for identity, state in led.states.items() if identity != found.identity]
        return End(end, tuple(led.names), dead, tuple(others) if dead else ())

    def _recall(self, end: str) -> _Led:
        """The stories that ended there in other crawls, as if they had not been captured."""
        known, led = self._state.urls([end]).get(end), _Led()
        identities = known.found.get("reached_by", "").split() if known else []
        states = self._state.urls(identities)
        for url in identities:
            led.names[url] = states[url].found.get("feed_title") or url if url in states else url
            if url in states and address(states[url].payload_url or url, url) == end:
                led.states[url] = _uncaptured(states[url])
        return led


def address(url: str, asked: str) -> str:
    """The canonical form of a URL, without a query that says which page was asked for, as of ``/login?next=/a``."""
    end = canonical(url)
    parts = urlsplit(end)
    refers = any(_refers(value, asked) for _, value in parse_qsl(parts.query))
    return parts._replace(query="", fragment="").geturl() if refers else end


def _refers(value: str, asked: str) -> bool:
    wanted = _path(asked)
    return bool(wanted) and wanted in (_path(text) for text in (value, unquote(value), _unpacked(value)))


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path).strip("/")
    except ValueError:
        return ""


def _unpacked(value: str) -> str:
    """A value without base64, as some walls pack addresses; empty where it is none."""
    try:
        return b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _uncaptured(state: UrlState) -> UrlState:
    """The state of a story whose last capture is none of it."""
    return UrlState(url=state.url, source=state.source, first_seen_at=state.first_seen_at, found=state.found)
