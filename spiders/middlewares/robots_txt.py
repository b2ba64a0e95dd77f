"""Read a robots.txt by RFC 9309 for one product token; Protego matches the paths.

A group applies if one of its ``User-agent`` lines has our token as a whole word: alone, with a version, in a whole
header or among other names. Only ``Allow`` and ``Disallow`` end the names of a group (section 2.2), so a
``Crawl-delay`` between two names does not separate them. Lines end in LF, CR or both; a byte order mark, blanks and
comments are skipped.
"""

import codecs
import re
from collections.abc import Iterator

from protego import Protego

from dateline.urls import joined

_LINE = re.compile(r"\r\n|\r|\n")
_BLANK = "\ufeff\u200b\u00a0 \t\v\f\0"
_FIELD = re.compile(
    r"(?P<agent>user[ -]?agent)|(?P<allow>allow)|(?P<disallow>dis+al+ow|disallaw|diasllow)"
    r"|(?P<delay>crawl[ -]delay)|(?P<sitemap>site-?maps?)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[ \t]*:[ \t]*|[ \t]+")
_RULES = ("allow", "disallow")
_BETWEEN_NAMES = re.compile(r"[\s,;|()\[\]\"']+")
_URL_WITHIN = re.compile(r"\+?https?://[^\s;,)]*", re.IGNORECASE)


def parse(data: bytes, token: str) -> Protego:
    """Return the rules for a product token, under its name or ``*``, without groups of other crawlers."""
    return Protego.parse("\n".join(_groups(_text(data), token.lower())))


def sitemaps(data: bytes, base: str) -> list[str]:
    """The absolute URLs of the ``Sitemap`` lines, each once, in order; relative ones are joined to ``base``."""
    values = [value for name, value in _fields(_text(data)) if name == "sitemap"]
    words = [word.strip("<>\"'") for value in values for word in value.split()]
    urls = [url for word in words if word and (url := joined(base, word))]
    return list(dict.fromkeys(urls))


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "ignore")
    return data.decode("utf-8-sig", "ignore")


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """The known fields, by the names of ``_FIELD``, and their values without comments and blanks around them."""
    for line in _LINE.split(text):
        content = line.partition("#")[0].strip(_BLANK)
        field = _FIELD.match(content)
        separator = _SEPARATOR.match(content, field.end()) if field else None
        if field and field.lastgroup and separator:
            yield field.lastgroup, content[separator.end() :].strip(_BLANK)


def _groups(text: str, token: str) -> Iterator[str]:
    """The lines of our groups and of those for all, each under its own ``User-agent`` line."""
    agents: list[str] = []
    has_rules = False
    for name, value in _fields(text):
        if name == "agent":
            agents = _named(value, token) + ([] if has_rules else agents)
            has_rules = False
            yield from (line for agent in agents for line in _record([agent], "Disallow", ""))
        elif name in _RULES:
            has_rules = True
        if agents and value and name in (*_RULES, "delay"):
            yield from _record(agents, "Crawl-delay" if name == "delay" else name, value)


def _record(agents: list[str], name: str, value: str) -> Iterator[str]:
    for agent in dict.fromkeys(agents):
        yield f"User-agent: {agent}"
        yield f"{name}: {value}"


def _named(value: str, token: str) -> list[str]:
    """Return our token or ``*``, as named by a ``User-agent`` line."""
    names = [word.lower() for word in _BETWEEN_NAMES.split(_URL_WITHIN.sub(" ", value))]
    products = ["*" if name == "*" else name.partition("/")[0].rstrip("*") for name in names]
    return [name for name in (token, "*") if name in products]
