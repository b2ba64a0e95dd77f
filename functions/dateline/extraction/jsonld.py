"""What a page says of itself in JSON-LD: every object of every block, and the one that is its story."""

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
    """The JSON values of a block, mended where the usual slips break it; empty where that does not help."""
    text = _WRAPPING.sub("", text).strip()
    mended = _MISSING_COMMA.sub(r",\1", _TRAILING_COMMA.sub("", text))
    for attempt in (text, mended, html.unescape(mended)):
        values = list(_values(attempt))
        if values:
            return values
    return []


def stories(found: list[Node]) -> list[Node]:
    """The objects that are articles of any kind, in page order."""
    return [node for node in found if any(_STORY.search(kind) for kind in types(node))]


def types(node: Node) -> list[str]:
    return texts(node.get("@type"))


def texts(value: Any) -> list[str]:
    """The strings that a property can hold: one, a list, or an object's name or value."""
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
    """A string without the entities and tags that publishers leave in JSON; white space folded."""
    return " ".join(unmarked(value).split())


def unmarked(value: str) -> str:
    """A string without entities, whose tags are line ends where they are a block's and spaces where they are not."""
    unescaped = html.unescape(html.unescape(value)) if "&" in value else value
    return _TAG.sub(" ", _BLOCK.sub("\n", unescaped)) if "<" in unescaped else unescaped


def _values(text: str) -> Iterator[Any]:
    """Each JSON value in a text that may hold several; ends at the first that is broken."""
    decoder, at = json.JSONDecoder(strict=False), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            return
        yield value
        at = len(text) - len(text[at:].lstrip(" \t\r\n;,"))


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
    """The node with its bare references replaced by what they refer to."""
    return {key: _dereferenced(value, known) for key, value in node.items()}


def _dereferenced(value: Any, known: dict[str, Node]) -> Any:
    if isinstance(value, list):
        return [_dereferenced(item, known) for item in value]
    if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) <= 2:
        return known.get(value["@id"], value)
    return value
