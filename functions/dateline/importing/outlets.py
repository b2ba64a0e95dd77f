"""Assign pages to outlets by URL."""

import re
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlsplit

from dateline import urls
from dateline.sources.registry import Source

_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")
_PLAIN = re.compile(r"[a-z0-9]+(?:\.[a-z0-9]+)*")
_MAX_ID = 60  # characters; DNS allows 253 for a host, and S3 1,024 bytes for a key with the id in it


class Outlets:
    """Registered sources by their addresses: home page, feeds, sitemaps and listings.

    With ``any_host``, pages of other hosts come in too, each host as a source without country, languages and time zone.
    ``default`` is the outlet for clippings without one of their own.
    """

    def __init__(self, outlets: Iterable[Source], *, any_host: bool = False, default: Source | None = None) -> None:
        self._outlets = tuple(outlets)
        self._any_host, self._default = any_host, default

    def of(self, url: str, named: str | None = None) -> Source | None:
        """Return the outlet of a page, or None for an unregistered host or name."""
        if named:
            return next((outlet for outlet in self._outlets if named.casefold() in _names(outlet)), None)
        if not urls.is_web(url):
            return self._default
        return self._at(url) or self._other(url)

    def _at(self, url: str) -> Source | None:
        """The outlet with the nearest of these addresses: on the most particular host, then by path."""
        pairs = [(outlet, address) for outlet in self._outlets for address in (outlet.home, *outlet.seeds)]
        near = [(rank, outlet) for outlet, address in pairs if (rank := _rank(url, address))]
        return max(near, key=lambda found: found[0])[1] if near else None

    def _other(self, url: str) -> Source | None:
        if not self._any_host:
            return None
        host = urls.site(url)
        return self._default or Source.of_host(host, source_id(host))


def source_id(host: str) -> str:
    """Return the id of the source of a host that no source has.

    Dots become hyphens, ``a.example`` is ``a-example``. Where that is ambiguous, for hosts with hyphens, ports or other
    letters, or too long for keys, a digest of the host follows: ``a-b.example`` is ``a-b-example-`` and 8 hex digits.
    """
    host = _ascii(host)
    name = _NOT_IN_IDS.sub("-", host).strip("-")
    if _PLAIN.fullmatch(host) and len(name) <= _MAX_ID:
        return name
    return f"{name[:_MAX_ID]}-{sha256(host.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".strip("-")


def _ascii(host: str) -> str:
    """A host as DNS has it (IDNA), or as it is if it has no such form."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _names(outlet: Source) -> set[str]:
    return {outlet.id, outlet.name.casefold()}


def _rank(url: str, address: str) -> tuple[int, int] | None:
    """How near a URL is to an address: the length of the host they share, and the folders; None on another host."""
    host, of = urls.site(url), urls.site(address)
    if host != of and not host.endswith(f".{of}"):
        return None
    folders = 0
    for one, other in zip(_folders(url), _folders(address), strict=False):
        if one != other:
            break
        folders += 1
    return len(of), folders


def _folders(url: str) -> list[str]:
    return [folder for folder in urlsplit(url).path.split("/") if folder]
