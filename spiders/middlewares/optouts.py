"""Opt-outs of pages, in addition to robots.txt, and our policy.

Sources: the header X-Robots-Tag and the meta elements ``robots`` and ``dateline`` (``noarchive``, ``none``, ``noai``,
``noimageai``), and the TDM Reservation Protocol's header and meta element ``tdm-reservation`` (W3C community group,
2024). Policy: a page with ``noarchive`` (or ``none``, which includes it) is not captured, with the reason ``opt-out``.
A reservation against training or mining (``noai``, ``noimageai``, ``tdm-reservation``) does not forbid evidence: the
page is captured, with ``opt_outs`` in its metadata for users of the archive to obey. Dateline itself trains nothing.
For sources with ``opt_outs = "record"``, by agreement with the outlet, ``noarchive`` pages are captured and recorded as
well.

Directives for other agents (``googlebot: noarchive``) do not apply. ``/.well-known/tdmrep.json`` is not read.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Self

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from dateline.sources.registry import Source
from spiders.download import meta
from spiders.download.decoding import decoded, encodings
from spiders.failures import Refusal

HEAD = 256 << 10  # bytes of a page to search for meta elements
PIECE = 8 << 10  # bytes per step; enough for three pages in four

_ARCHIVING = frozenset({"noarchive", "none"})
_TRAINING = frozenset({"noai", "noimageai"})
_TDM = "tdm-reservation"
_GZIP = b"\x1f\x8b"
_META = re.compile(rb"<meta\b[^>]*")
_ATTRIBUTE = re.compile(rb"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""")
_AGENTS = {"robots", "dateline"}


class OptedOut(Refusal):
    """The page asks not to be archived."""

    reason = "opt-out"


class OptOutMiddleware:
    """Refuses story pages with an opt-out, and notes the reservations of others."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        if "found" in request.cb_kwargs and response.status == 200:
            source: Source = self._crawler.spider.source  # type: ignore[union-attr]
            if reserved := check(response, obey=source.opt_outs == "obey"):
                wire = meta.wire(request)
                wire = replace(wire, notes={**wire.notes, "opt_outs": reserved})
                meta.put(request, replace(meta.of(request), wire=wire))
        return response


def check(response: Response, *, obey: bool = True) -> list[str]:
    """Return the page's opt-outs, in order. Raises OptedOut if archiving is forbidden and the source obeys."""
    said = {*_of_headers(response), *_of_markup(response)}
    if obey and (forbidding := sorted(said & _ARCHIVING)):
        raise OptedOut(f"the page says {', '.join(forbidding)}")
    return sorted(said)


def _of_headers(response: Response) -> Iterator[str]:
    for value in response.headers.getlist("X-Robots-Tag"):
        agent, colon, directives = value.decode("latin-1").lower().partition(":")
        if not colon or agent.strip() in _AGENTS:
            yield from _known(directives if colon else agent)
    if (response.headers.get("TDM-Reservation") or b"").strip() == b"1":
        yield _TDM


def _of_markup(response: Response) -> Iterator[str]:
    """Return the directives of the meta elements, up to the end of the head or of the pieces with some for us."""
    before: list[bytes] = []
    for piece in map(bytes.lower, _pieces(response)):
        # Most name something else, and taking all of them apart would cost as much as the download.
        named = [element for element in _META.findall(piece) if _names_us(element)] if _names_us(piece) else []
        for element in named:
            yield from _of_element(element)
        if b"</head" in piece or (before and not named):
            return
        before = named


def _names_us(text: bytes) -> bool:
    return b"robots" in text or b"dateline" in text or b"tdm-" in text


def _of_element(element: bytes) -> Iterator[str]:
    attributes = {name: b"".join(values).decode("latin-1") for name, *values in _ATTRIBUTE.findall(element)}
    name, content = attributes.get(b"name"), attributes.get(b"content", "")
    if name in _AGENTS:
        yield from _known(content)
    elif name == _TDM and content.strip() == "1":
        yield _TDM


def _pieces(response: Response) -> Iterator[bytes]:
    """Yield the readable beginning of a page in pieces, without cutting elements."""
    rest = b""
    for data in _begun(response):
        piece = rest + data
        end = max(piece.rfind(b"<"), 0)
        yield piece[:end]
        rest = piece[end:]
    yield rest


def _begun(response: Response) -> Iterator[bytes]:
    """Yield the decoded beginning of a page: gzip step by step, other encodings at once."""
    body, packed = response.body, encodings(response)
    if body.startswith(_GZIP) and packed in ([], ["gzip"], ["x-gzip"]):
        pieces = _inflated(body)
        first = next(pieces, b"")
        if not first.startswith(_GZIP):
            return chain((first,), pieces)
    return _slices(decoded(response, HEAD)[0] if packed or body.startswith(_GZIP) else body)


def _slices(body: bytes) -> Iterator[bytes]:
    return (body[start : start + PIECE] for start in range(0, min(len(body), HEAD), PIECE))


def _inflated(body: bytes) -> Iterator[bytes]:
    """The beginning of all members of a gzip file."""
    decoder, rest = zlib.decompressobj(zlib.MAX_WBITS | 16), body
    for _ in range(0, HEAD, PIECE):
        try:
            piece = decoder.decompress(rest, PIECE)
        except zlib.error:
            return
        yield piece
        rest = decoder.unconsumed_tail
        if decoder.eof:
            decoder, rest = zlib.decompressobj(zlib.MAX_WBITS | 16), decoder.unused_data
        if not rest:
            return


def _known(directives: str) -> Iterable[str]:
    return {word.strip() for word in directives.split(",")} & (_ARCHIVING | _TRAINING)
