"""Content negotiation: choose a form and a language from a request's headers (RFC 9110, section 12)."""

from collections.abc import Iterator, Mapping, Sequence

MEDIA = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "jsonfeed": "application/feed+json",
    "timemap": "application/link-format",
}


class NotAcceptableError(ValueError):
    """The request accepts none of the forms that a resource has."""


def form(accept: str | None, offered: Sequence[str]) -> str:
    """Return the most wanted form, of equals the first one offered. Raises NotAcceptableError."""
    wanted = dict(_weighed(accept or "*/*"))
    quality = {name: _quality(MEDIA[name].partition(";")[0], wanted) for name in offered}
    best = max(offered, key=lambda name: quality[name])
    if not quality[best]:
        raise NotAcceptableError(f"this resource comes as {', '.join(MEDIA[name] for name in offered)}")
    return best


def language(accept: str | None, offered: Sequence[str]) -> str:
    """Return the language (BCP 47, primary subtag) that is preferred among the offered, or the first one."""
    wanted: dict[str, float] = {}
    for tag, quality in _weighed(accept or "*"):
        primary = tag.partition("-")[0]
        wanted[primary] = max(quality, wanted.get(primary, 0))
    return max(offered, key=lambda tag: wanted.get(tag, wanted.get("*", 0)))


def accepts(header: str | None, value: str) -> bool:
    """Return whether a list of values, such as Accept-Encoding, has one that is not refused by ``q=0``."""
    wanted = dict(_weighed(header or ""))
    return wanted.get(value, wanted.get("*", 0)) > 0


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        value, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if value:
            yield value, _weight(parameters)


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


def _quality(media: str, wanted: Mapping[str, float]) -> float:
    kind = media.partition("/")[0]
    return next((wanted[name] for name in (media, f"{kind}/*", "*/*") if name in wanted), 0.0)
