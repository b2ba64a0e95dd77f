"""Bytes to a tree, once: which charset, how much is too much, and what is not HTML at all."""

import codecs
import re

from charset_normalizer import from_bytes
from lxml.etree import ElementDefaultClassLookup, ParserError
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
    to_unicode,
)

MAX_BYTES = 20_000_000  # the largest page of two million in a news crawl had 12 MB; a tree takes ten times its bytes
_SAMPLE = 65_536  # enough for detection, which is slow
_NOT_HTML = re.compile(rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8|PK\x03\x04|\x1f\x8b|RIFF|\x00\x00\x00.ftyp", re.DOTALL)
# NUL and the other characters that no page means and that lxml refuses in text that is set again, also as references.
_CONTROLS = bytes([*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F])
_FORM_FEED_TO_SPACE = bytes.maketrans(b"\f", b" ")
_NO_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF
_CONTROL_REFERENCES = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9])|x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])(?![0-9a-f]));?",
    re.IGNORECASE,
)
_TAG = re.compile(rb"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


class TooLargeError(ValueError):
    """The page is over ``MAX_BYTES``: parsing it would take the memory of a batch."""


class NotHtmlError(ValueError):
    """The bytes are no HTML page: empty, or another kind of file."""


def parse(body: bytes, content_type: str = "") -> HtmlElement:
    """The root element of a page, without comments and processing instructions.

    Raises TooLargeError and NotHtmlError; any other bytes give a tree, however poor.
    """
    if len(body) > MAX_BYTES:
        raise TooLargeError(f"the page has {len(body)} bytes, more than {MAX_BYTES}")
    if _NOT_HTML.match(body):
        raise NotHtmlError("the body is a binary file, not HTML")
    markup = decode(body, content_type).encode("utf-8", "replace").translate(_FORM_FEED_TO_SPACE, _CONTROLS)
    markup = _CONTROL_REFERENCES.sub(b"", _NO_CHARACTERS.sub(b"", markup))
    if b"<" not in markup:
        raise NotHtmlError("the body has no markup" if markup.strip() else "the body is empty")
    # A parser of its own for each page: parsers keep state, and threads would wait for a shared one.
    parser = HTMLParser(encoding="utf-8", collect_ids=False, remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(ElementDefaultClassLookup(element=HtmlElement))
    try:
        return document_fromstring(markup, parser=parser)
    except ParserError as error:  # nothing but comments and the like
        raise NotHtmlError("the body has no elements") from error


def decode(body: bytes, content_type: str = "") -> str:
    """The page's text: by byte order mark, by its bytes where they can only be UTF-8, or by what it declares.

    Bytes beyond ASCII that are valid UTF-8 are UTF-8 whatever the page says: wrong declarations are common and chance
    agreement is not. Undecodable bytes become U+FFFD.
    """
    charset, mark = read_bom(body)
    if charset and mark:
        return to_unicode(body[len(mark) :], charset)
    declared = http_content_type_encoding(content_type) or html_body_declared_encoding(body)
    if declared and declared.startswith(("utf-16", "utf-32")) and b"\0" not in body:
        declared = None  # that cannot be: its markup would be half NULs
    if body.isascii():
        return to_unicode(body, declared or "utf-8")  # some East Asian charsets are seven-bit
    if _is_utf8(body):
        return body.decode("utf-8", "ignore")  # a last character may be cut in two
    if declared and declared != "utf-8" and not (declared == "cp1252" and _is_no_latin(body)):
        return to_unicode(body, declared)
    text = body.decode("utf-8", "replace")
    few = text.count("\ufffd") * 20 < len(_BEYOND_ASCII.findall(text))
    return text if declared == "utf-8" and few else to_unicode(body, _guessed(body))


def _is_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8 as far as they go; a truncated page ends anywhere."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(body: bytes) -> str:
    """What charset bytes that are not UTF-8 are likely in; Windows-1252, the web's default, for Latin letters.

    Detection tells Arabic from Cyrillic well, and the charsets of Latin letters from each other badly.
    """
    best = from_bytes(_TAG.sub(b" ", body[:_SAMPLE]), steps=3).best() if _is_no_latin(body) else None
    return (resolve_encoding(best.encoding) if best else None) or "cp1252"


def _is_no_latin(body: bytes) -> bool:
    """Whether most letters are bytes beyond ASCII, as in no text in Latin letters."""
    text = _TAG.sub(b" ", body[:_SAMPLE])
    return len(_HIGH_BYTE.findall(text)) > len(_ASCII_LETTER.findall(text))
