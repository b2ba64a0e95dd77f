"""Parse a page's bytes into a tree: its charset, its limits, and bytes that are not HTML."""

import codecs
import re
import zlib
from collections.abc import Collection
from itertools import islice

from charset_normalizer import from_bytes
from lxml.etree import ElementDefaultClassLookup, ParserError, strip_elements
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
    to_unicode,
)

MAX_BYTES = 20_000_000  # the largest page of two million in a news crawl had 12 MB; a tree takes ten times its bytes
MAX_ELEMENTS = 40_000  # of 1,374 measured pages the largest had 9,748; each costs up to 0.2 ms in all of extraction
_SAMPLE = 65_536  # enough for slow detection
_NOT_HTML = re.compile(rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8|PK\x03\x04|RIFF|\x00\x00\x00.ftyp", re.DOTALL)
# NUL and other meaningless characters, rejected by lxml in assigned text, also as references.
_CONTROLS = bytes([*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F])
_FORM_FEED_TO_SPACE = bytes.maketrans(b"\f", b" ")
_NO_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF
_CONTROL_REFERENCES = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9])|x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])(?![0-9a-f]));?",
    re.IGNORECASE,
)
_TAG = re.compile(rb"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_MOST_COMPRESSED = 2  # times: by the outlet, and by its proxy
_MULTI_BYTE = {"gb18030", "gbk", "big5", "big5-hkscs", "shift_jis", "cp932", "euc-jp", "euc_jp", "cp949", "euc_kr"}
_LANGUAGE = re.compile(rb"<html\b[^>]*?\blang\s*=\s*[\"']?([a-zA-Z]{2})", re.IGNORECASE)
_ARABIC_WORDS = re.compile(r"\bال\w{2,}|\b(?:في|من|على|إلى|عن|أن|در|به|از|که|را|این)\b")
_TURKISH_BYTES = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")  # letters that differ between 1254 and 1252
_TURKISH_WORDS = re.compile(r"\b(?:ve|bir|bu|için|ile|olarak|olan|daha|çok|göre|sonra)\b", re.IGNORECASE)
_FEWEST_FOUND = 3  # words
# The first bytes of accented, Arabic and typographic characters in UTF-8, read as Windows-1252.
_SIGNS_OF_UTF8 = ("Ã", "Â", "â", "Ä", "Å", "Ø", "Ù", "Û")
_RUN_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_TO_C1 = {
    ord(bytes([code]).decode("cp1252")): code
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


class TooLargeError(ValueError):
    """The page is over ``MAX_BYTES``: parsing it would take the memory of a batch."""


class NotHtmlError(ValueError):
    """The bytes are no HTML page: empty, or another kind of file."""


def parse(body: bytes, content_type: str = "", languages: Collection[str] = ()) -> HtmlElement:
    """Return the root element of a page, without comments and processing instructions.

    ``languages`` are those of the source: they tell charsets apart. A body still in gzip, even twice, is
    decompressed. A flood of elements is cut at ``MAX_ELEMENTS``.
    Raises TooLargeError and NotHtmlError; any other bytes give a tree, however poor.
    """
    for _ in range(_MOST_COMPRESSED):
        if body.startswith(_GZIP):
            body = _inflated(body)
    if len(body) > MAX_BYTES:
        raise TooLargeError(f"the page has {len(body)} bytes, more than {MAX_BYTES}")
    if _NOT_HTML.match(body):
        raise NotHtmlError("the body is a binary file, not HTML")
    markup = decode(body, content_type, languages).encode("utf-8", "replace").translate(_FORM_FEED_TO_SPACE, _CONTROLS)
    markup = _CONTROL_REFERENCES.sub(b"", _NO_CHARACTERS.sub(b"", markup))
    if b"<" not in markup:
        raise NotHtmlError("the body has no markup" if markup.strip() else "the body is empty")
    # A parser of its own for each page: parsers keep state, and threads would wait for a shared one.
    parser = HTMLParser(encoding="utf-8", collect_ids=False, remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(ElementDefaultClassLookup(element=HtmlElement))
    try:
        tree = document_fromstring(markup, parser=parser)
    except ParserError as error:  # nothing but comments and the like
        raise NotHtmlError("the body has no elements") from error
    strip_elements(tree, "svg", with_tail=False)  # drawings, with up to a tenth of a page's elements
    return _bounded(tree)


def _bounded(tree: HtmlElement) -> HtmlElement:
    """The tree with its first ``MAX_ELEMENTS``, in page order; changed in place."""
    last = next(islice(tree.iter(), MAX_ELEMENTS - 1, None), None)
    if last is None:
        return tree
    del last[:]
    for around in last.iterancestors():
        del around[around.index(last) + 1 :]
        last = around
    return tree


def _inflated(body: bytes) -> bytes:
    """Return the sound part of undeclared compressed bytes, or the body itself."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        return decoder.decompress(body, MAX_BYTES + 1) or body
    except zlib.error:
        raise NotHtmlError("the body is a binary file, not HTML") from None


def decode(body: bytes, content_type: str = "", languages: Collection[str] = ()) -> str:
    """Return the page's text: by byte order mark, as UTF-8 if valid, or by its declaration.

    Valid UTF-8 beyond ASCII is UTF-8 in spite of any declaration: wrong declarations are common and chance agreement is
    not. Arabic and Turkish in Windows charsets are recognised by letters and words if the declaration is missing or
    contradicts. UTF-8 that an outlet took for Windows-1252 and encoded again is UTF-8. Undecodable bytes become U+FFFD.
    """
    charset, mark = read_bom(body)
    if charset and mark:
        return to_unicode(body[len(mark) :], charset)
    declared = http_content_type_encoding(content_type) or html_body_declared_encoding(body)
    if declared and declared.startswith(("utf-16", "utf-32")) and b"\0" not in body:
        declared = None  # impossible: half of its markup would be NULs
    if body.isascii():
        return to_unicode(body, declared or "utf-8")  # some East Asian charsets are seven-bit
    if _is_utf8(body):
        return _encoded_once(body.decode("utf-8", "ignore"))  # a last character may be cut in two
    text = body.decode("utf-8", "replace")
    if declared == "utf-8" and text.count("\ufffd") * 20 < len(_BEYOND_ASCII.findall(text)):
        return text
    return to_unicode(body, _single_byte(body, declared, languages))


def _single_byte(body: bytes, declared: str | None, languages: Collection[str]) -> str:
    """Return the charset of bytes other than UTF-8, in spite of a false declaration."""
    if declared in _MULTI_BYTE:
        return str(declared)
    sample = _TAG.sub(b" ", body[:_SAMPLE])
    if _is_no_latin(body):
        if declared != "cp1256" and _is_arabic(sample, declared):
            return "cp1256"
        return declared if declared and declared not in ("utf-8", "cp1252") else _guessed(body)
    if declared in (None, "utf-8", "cp1252", "iso8859-1") and _is_turkish(sample, body, languages):
        return "cp1254"
    return declared if declared and declared != "utf-8" else _guessed(body)


def _is_arabic(sample: bytes, declared: str | None) -> bool:
    """Return whether bytes are Arabic or Persian in Windows-1256: more frequent words than in the declared charset."""
    found = len(_ARABIC_WORDS.findall(sample.decode("cp1256", "replace")))
    other = to_unicode(sample, declared) if declared and declared != "utf-8" else ""
    return found >= _FEWEST_FOUND and found > 2 * len(_ARABIC_WORDS.findall(other))


def _is_turkish(sample: bytes, body: bytes, languages: Collection[str]) -> bool:
    """Whether Latin letters are Turkish: the page or its source says so, or its frequent words do."""
    if not _TURKISH_BYTES.search(sample):
        return False
    said = _LANGUAGE.search(body[:_SAMPLE])
    if said:
        return said[1].lower() == b"tr"
    return "tr" in languages or len(_TURKISH_WORDS.findall(sample.decode("cp1254", "replace"))) >= _FEWEST_FOUND


def _is_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8 as far as they go; a truncated page ends anywhere."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return False
    return True


def _encoded_once(text: str) -> str:
    """Return the text of a page encoded in UTF-8 twice, all of it; any other text as it is.

    In a page encoded once, no run of letters beyond ASCII is UTF-8 in Windows-1252 throughout.
    """
    if not any(sign in text for sign in _SIGNS_OF_UTF8):
        return text
    try:
        if run := _RUN_BEYOND_ASCII.search(text):
            _decoded_again(run[0])  # so only pages encoded twice are read to their end
        return _decoded_again(text)
    except UnicodeError:
        return text


def _decoded_again(text: str) -> str:
    """Return the text in UTF-8 that was read as Windows-1252. Raises UnicodeError for any other text."""
    return text.translate(_TO_C1).encode("latin-1").decode("utf-8")


def _guessed(body: bytes) -> str:
    """Return the likely charset of bytes other than UTF-8; Windows-1252, the web's default, for Latin letters.

    Detection distinguishes Arabic from Cyrillic well, and the charsets of Latin letters badly.
    """
    best = from_bytes(_TAG.sub(b" ", body[:_SAMPLE]), steps=3).best() if _is_no_latin(body) else None
    return (resolve_encoding(best.encoding) if best else None) or "cp1252"


def _is_no_latin(body: bytes) -> bool:
    """Whether most letters are bytes beyond ASCII, as in no text in Latin letters."""
    text = _TAG.sub(b" ", body[:_SAMPLE])
    return len(_HIGH_BYTE.findall(text)) > len(_ASCII_LETTER.findall(text))
