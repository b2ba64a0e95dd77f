"""Read a page's JSON-LD: every object of every block, and the objects of its story; slips are repaired."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

Node = dict[str, Any]

_STORY = re.compile(r"(?:article|blogposting|report|liveblogposting|review|newsstory)$", re.IGNORECASE)
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*.*?\*/)+|(?:-->|//\s*\]\]>|\]\]>|;)+\s*$", re.DOTALL
)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_MISSING_COMMA = re.compile(r'(?<=["}\]])(\s*\n\s*)(?=")')
_BLOCK = re.compile(r"</?(?:p|br|div|h\d|li|ul|ol)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_OPENING = re.compile(r'"')
_ENDS = re.compile(r'"\s*(?=(?::|[}\]]|$|//|/\*|,\s*(?:["{\[\]},/]|-?\d|true\b|false\b|null\b|$)))')
_NO_ESCAPE = re.compile(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})')
_BARE_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)"')
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_COMMAS = re.compile(r",(?:\s*,)+")
_COMMA_FIRST = re.compile(r"([\[{])\s*,")
_LONGEST_REPAIRED = 300_000  # characters
_MAX_DEPTH = 12
_MAX_NODES = 5_000


def nodes(tree: HtmlElement) -> list[Node]:
    """All objects in the page's JSON-LD, outer before inner, with references by ``@id`` filled in one level deep."""
    found: list[Node] = []
    for script in tree.iterfind(".//script[@type]"):
        if "ld+json" in script.get("type").lower() and script.text:
            for value in loads(script.text):
                found.extend(_objects(value))
    known = {node["@id"]: node for node in found if isinstance(node.get("@id"), str) and len(node) > 2}
    return [_resolved(node, known) for node in found[:_MAX_NODES]]


def loads(text: str) -> list[Any]:
    """The JSON values of a block, repaired if the usual slips break it, or the part before the slip."""
    text = _WRAPPING.sub("", text).strip()
    best: list[Any] = []
    for attempt in _attempts(text):
        values, whole = _values(attempt)
        if whole:
            return values
        best = best or values
    return best


def _attempts(text: str) -> Iterator[str]:
    """A block's text, then the same with more and more repairs."""
    yield text
    if len(text) > _LONGEST_REPAIRED:
        return
    mended = _MISSING_COMMA.sub(r",\1", _TRAILING_COMMA.sub("", text))
    yield mended
    yield html.unescape(mended)
    yield repaired(text)
    yield repaired(html.unescape(text))


def repaired(text: str) -> str:
    """Return a JSON text with closed strings, and without comments and extra commas.

    A quotation mark ends a string only before a comma, colon or bracket in valid position; others are escaped, and so
    are line breaks. ``\'`` and other escapes unknown to JSON lose their backslash.
    """
    parts: list[str] = []
    at = 0
    for match in _OPENING.finditer(text):
        if match.start() < at:
            continue
        parts.append(_without_comments(text[at : match.start()]))
        end = _closing(text, match.end())
        parts.append(f'"{_escaped(text[match.end() : end])}"')
        at = end + 1
    return "".join((*parts, _without_comments(text[at:])))


def stories(found: list[Node]) -> list[Node]:
    """Yield the objects of article types, in page order."""
    return [node for node in found if any(_STORY.search(kind) for kind in types(node))]


def types(node: Node) -> list[str]:
    return texts(node.get("@type"))


def texts(value: Any) -> list[str]:
    """Return the strings of a property: one, a list, or an object's name or value."""
    if isinstance(value, str):
        return [stripped] if (stripped := plain(value)) else []
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        return texts(value.get("name") or value.get("@value") or value.get("headline"))
    return []


def text(value: Any) -> str | None:
    """The first string of a property."""
    return next(iter(texts(value)), None)


def plain(value: str) -> str:
    """Return a string without entities and tags left by publishers in JSON; white space folded."""
    return " ".join(unmarked(value).split())


def unmarked(value: str) -> str:
    """Return a string without entities, with line ends for block tags and spaces for others."""
    unescaped = html.unescape(html.unescape(value)) if "&" in value else value
    return _TAG.sub(" ", _BLOCK.sub("\n", unescaped)) if "<" in unescaped else unescaped


def _closing(text: str, at: int) -> int:
    """Return the end of the string beginning at ``at``: its first quotation mark before valid JSON."""
    for match in _ENDS.finditer(text, at):
        backslashes = len(text[at : match.start()]) - len(text[at : match.start()].rstrip("\\"))
        if backslashes % 2 == 0:
            return match.start()
    return len(text)


def _escaped(inner: str) -> str:
    return _BARE_QUOTE.sub(r"\1\"", _NO_ESCAPE.sub("", inner)).replace("\n", " ").replace("\r", " ")


def _without_comments(between: str) -> str:
    between = _COMMENT.sub("", between) if "/" in between else between
    between = _COMMA_FIRST.sub(r"\1", _COMMAS.sub(",", between)) if "," in between else between
    return _TRAILING_COMMA.sub("", between)


def _values(text: str) -> tuple[list[Any], bool]:
    """Return the JSON values in a text, up to the first broken one, and whether none is broken."""
    decoder, at = json.JSONDecoder(strict=False, parse_int=_integer), 0
    found: list[Any] = []
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return found, False
        found.append(value)
        at = len(text) - len(text[at:].lstrip(" \t\r\n;,"))
    return found, bool(found)


def _integer(digits: str) -> int | str:
    """Return an integer, or its digits if there are too many for Python to read."""
    return int(digits) if len(digits) < 30 else digits


def _objects(value: Any, depth: int = 0) -> Iterator[Node]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            if isinstance(item, dict | list):
                yield from _objects(item, depth + 1)


def _resolved(node: Node, known: dict[str, Node]) -> Node:
    """Return the node with its bare references replaced by their targets."""
    return {key: _dereferenced(value, known) for key, value in node.items()}


def _dereferenced(value: Any, known: dict[str, Node]) -> Any:
    if isinstance(value, list):
        return [_dereferenced(item, known) for item in value]
    if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) <= 2:
        return known.get(value["@id"], value)
    return value
