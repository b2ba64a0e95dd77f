"""Stories in a page's scripts: HTML within JSON strings.

Pages rendered in the reader's browser have no text in their markup, but mostly the data for it.
"""

import json
import re
from collections.abc import Iterator

from dateline.extraction.body import find
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document
from dateline.extraction.parse.html import parse

_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_PARAGRAPH = re.compile(r"<p[\s>]", re.IGNORECASE)
_MAYBE = re.compile(r"(?:<|u003c)p\b", re.IGNORECASE)  # also in a string within a string
_TITLE = re.compile(r'"(?:title|headline)\\?"\s*:\s*\\?("[^"\\]{12,300}")')
_FEWEST = 2  # paragraphs
_SHORTEST = 300  # characters of a string with a story in it


def blocks(document: Document) -> list[str]:
    """Return the blocks of the longest piece of HTML in the page's scripts; empty if there is none."""
    pieces = (piece for script in document.tree.iter("script") for piece in _pieces(script.text or ""))
    longest = max(pieces, key=len, default="")
    if not longest:
        return []
    page = parse(f"<html><body><article>{longest}</article></body></html>".encode("utf-8", "replace"))
    return find.blocks(page, document.url)


def titles(document: Document) -> Iterator[str]:
    """Return all values called title in the page's scripts."""
    for script in document.tree.iter("script"):
        for match in _TITLE.finditer(script.text or ""):
            yield jsonld.plain(json.loads(match[1], strict=False))


def _pieces(script: str, deep: bool = True) -> Iterator[str]:
    """HTML of several paragraphs in the strings of a script, and in the strings of those strings."""
    if not _MAYBE.search(script):
        return
    for match in _STRING.finditer(script):
        if len(match[1]) < _SHORTEST or not _MAYBE.search(match[1]):
            continue
        try:
            value = json.loads(match[0], strict=False)
        except ValueError:  # a JavaScript string, but not JSON
            continue
        if len(_PARAGRAPH.findall(value)) >= _FEWEST and not value.lstrip().startswith(("{", "[")):
            yield value
        elif deep:
            yield from _pieces(value, deep=False)
