"""Convert a feed's bytes to UTF-8, whatever is declared.

Feeds are mislabelled more often than pages: UTF-8 declared as windows-1256 or the reverse, a single bad byte, gzip
without a header. Valid UTF-8 is UTF-8; otherwise the letters decide.
"""

import codecs
import re

from dateline.capture import inflate
from spiders.discovery.seed_reader import UnreadableError

MAX_BYTES = 16 << 20  # of an inflated feed; the longest known ones have 5 MB
MAX_TAG = 8 << 10  # characters of one start tag; the parser's time grows with their square

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(?:([xX])(?=[0-9a-fA-F])|(?=[0-9]))0*((?(1)[0-9a-fA-F]|[0-9])+);?")
_HIGH = re.compile(rb"[\x80-\xff]+")
_LATIN = {"iso8859-1", "iso8859-9", "iso8859-15", "cp1252", "cp1254", "ascii", "utf-8"}
_ARABIC_RUN = 2.5  # letters beyond ASCII in a row, on average: words of Arabic have more, accents stand alone
_SOUND_FOR_ONE_BAD = 4  # multi-byte characters per invalid byte
_LONG_TAG = re.compile(rf"<([A-Za-z_][\w:.-]{{0,60}})\s[^<>]{{{MAX_TAG},}}?(/?)>")


def utf8(body: bytes, content_type: str) -> bytes:
    """Return the feed in UTF-8 without its declaration. Raises UnreadableError for damaged gzip without contents."""
    text = _decoded(_inflated(body), content_type)
    text = _REFERENCE.sub(_character, _DECLARATION.sub("", text, count=1))
    return _LONG_TAG.sub(r"<\1\2>", text).encode("utf-8", "replace")


def _character(reference: re.Match[str]) -> str:
    """Return the reference, or U+FFFD for an invalid number: the parser would raise."""
    digits = reference[2]
    number = 0x110000 if len(digits) > 12 else int(digits, 16 if reference[1] else 10)
    return reference[0] if number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"


def _inflated(body: bytes) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    inflated, damage = inflate(body, MAX_BYTES)
    if damage and not inflated:
        raise UnreadableError(damage)
    return inflated


def _decoded(body: bytes, content_type: str) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    if body[:4] in (b"<\0?\0", b"\0<\0?"):
        return body.decode("utf-16-le" if body[0] else "utf-16-be", "replace")
    text = body.decode("utf-8-sig", "replace")
    bad = text.count("\ufffd")
    if not bad or _is_mostly_utf8(text, bad):
        return text
    return body.decode(_legacy(body, content_type), "replace")


def _is_mostly_utf8(text: str, bad: int) -> bool:
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return beyond_ascii - bad >= _SOUND_FOR_ONE_BAD * bad


def _legacy(body: bytes, content_type: str) -> str:
    """Return the single-byte charset supported by declarations and letters."""
    declared = _declared(body, content_type)
    if declared and declared not in _LATIN:
        return declared
    runs = _HIGH.findall(body)
    if sum(map(len, runs)) >= _ARABIC_RUN * len(runs):
        # Alef and lam, the article: the two charsets of Arabic differ in their lam.
        return "iso8859-6" if body.count(b"\xc7\xe4") > body.count(b"\xc7\xe1") else "cp1256"
    return declared if declared not in (None, "utf-8", "ascii", "iso8859-1") else "cp1252"


def _declared(body: bytes, content_type: str) -> str | None:
    """Return the codec declared by document or header, or None for unknown ones."""
    written = _ENCODING.match(body)
    header = _CHARSET.search(content_type)
    for name in (written[1].decode("ascii", "ignore") if written else "", header[1] if header else ""):
        try:
            codec = codecs.lookup(name)
        except (LookupError, ValueError):
            continue
        if codec._is_text_encoding and not codec.name.startswith("utf-16"):
            return codec.name
    return None
