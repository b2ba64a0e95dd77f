"""Texts of a page and its elements: in one line, or folded for comparison."""

import re
from functools import lru_cache

from lxml.etree import iterwalk
from lxml.html import HtmlElement

from dateline.normal_forms import nfc

_WORD = re.compile(r"\w+")
SILENT = {"script", "style", "noscript", "template", "svg"}
INLINE = set(
    re.findall(r"\w+", "a abbr b bdi bdo cite code data em font i ins mark q s small span strong sub sup time u var")
)
RUNNING = INLINE | SILENT  # inline content

# Marks of direction and joining are part of Arabic and Persian spelling only as ZWNJ and ZWJ; the rest is layout.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0000-\u0008\u000b-\u001f\u007f-\u009f]"
)
# Folding of Latin-1, by which most texts get their words without a regular expression.
_REPLACED = {"ß": "ss", "µ": "μ"} | dict.fromkeys("’‘“”„–—…", " ")
_FOLDED = bytes(ord(chr(code).lower()) if _WORD.match(chr(code)) else ord(" ") for code in range(256))


def content(element: HtmlElement) -> str:
    """The text of an element, white space folded; a line break or a block's edge counts as white space."""
    if len(element) == 0:
        return clean(element.text or "")
    parts = [] if element.tag in SILENT else [element.text or ""]
    for event, node in iterwalk(element, events=("start", "end")):
        tag = node.tag
        if node is element or (event == "start" and tag in SILENT):
            continue
        if tag not in RUNNING:
            parts.append(" ")
        if text := node.text if event == "start" else node.tail:
            parts.append(text)
    return clean("".join(parts))


def names(element: HtmlElement) -> str:
    """Return an element's class, id and itemprop."""
    get = element.get
    return f"{get('class', '')} {get('id', '')} {get('itemprop', '')}".strip()


def beginning(element: HtmlElement) -> str:
    """Return the beginning of an element's text: its own, or its first child's."""
    text = element.text
    own: str = (text and text.strip()) or ""
    return own or ((element[0].text or "") if len(element) else "")


def clean(text: str) -> str:
    """One line: NFC, white space folded, no controls or marks of direction; quotes and dashes as they are."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = " ".join(_INVISIBLE.sub("", text).split())
    return nfc(line)


@lru_cache(1 << 11)  # a paragraph is compared by several fields
def words(text: str) -> str:
    """Letters and digits only, folded: what two spellings of one headline share."""
    if not text.isascii():
        for sign, folded in _REPLACED.items():
            text = text.replace(sign, folded)
    try:
        return b" ".join(text.encode("latin-1").translate(_FOLDED).split()).decode("latin-1")
    except UnicodeEncodeError:
        return " ".join(_WORD.findall(text.casefold()))
