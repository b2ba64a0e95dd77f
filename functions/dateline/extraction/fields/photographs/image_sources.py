"""Addresses of the photographs in a page's markup, whichever attribute a page's script would read them from.

A lazily loaded image has a stand-in in ``src`` and its file in another attribute, in a ``picture``'s sources, or in a
second ``img`` for readers without scripts. WHATWG HTML, 4.8.4 (images), describes ``srcset``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from lxml.html import HtmlElement

IMAGES = ("img", "amp-img")
FILE = re.compile(r"\.(?:jpe?g|png|webp|avif|gif|bmp|tiff?|jfif)(?![a-z])", re.IGNORECASE)
# Words in the file names of placeholders, beside numbers.
_STAND_IN = {
    "blank", "placeholder", "spacer", "transparent", "loading", "loader", "lazy", "lazyload", "empty", "dummy", "trans",
    "grey", "gray", "pixel", "default", "px", "missing", "image", "img", "no", "noimage", "photo", "pic", "thumb",
    "thumbnail", "large", "small", "medium", "wide", "square", "white", "black", "spinner", "b", "t", "x", "clear",
    "fallback", "preload", "load", "preview", "bg",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+|\d+")
_ADDRESS = re.compile(r"https?:[^\s\"'{}<>]+?\.(?:jpe?g|png|webp|avif)[^\s\"'{}<>,&]*", re.IGNORECASE)
_LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-url",
    "data-image",
    "data-img",
    "data-hi-res-src",
)
_DATA = ("{", "[", "<", "data:")
_BACKGROUND = re.compile(r"background(?:-image)?\s*:[^;]*?url\(\s*[\"']?([^\"')]+)", re.IGNORECASE)
_CANDIDATE = re.compile(r"(\S+?)(?:\s+([\d.]+)([wxh])[^,]*)?\s*(?:,\s+|,(?=https?:|/)|,?$)")
_SIZE = re.compile(
    r"(?:[-_.]?\d{2,4}x\d{2,4}|[-_](?:scaled|thumb(?:nail)?|small|medium|large|full))+(?=\.|$)", re.IGNORECASE
)
_NUMBERED = re.compile(r"\d{4}")  # photo-20190416.jpg is one photograph of many
_DISTINCT = 10  # least characters of a unique file name
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 6
_MOST_UNWRAPPED = 2


def source(image: HtmlElement) -> str | None:
    """The address of an element's photograph as the page spells it; None if it has a stand-in only."""
    return next((value for value in _sources(image) if is_file(value)), None)


def background(element: HtmlElement) -> str | None:
    """The address of a background photograph in an element's style."""
    match = _BACKGROUND.search(element.get("style") or "")
    return match[1].strip() if match and is_file(match[1].strip()) else None


def is_file(value: str) -> bool:
    """Return whether an address may be a photograph's: no data, no template, no stand-in by its file's name."""
    if not value or value.startswith(("data:", "javascript:", "about:", "#")) or "{" in value:
        return False
    name = value.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1].casefold()
    letters = [word for word in _WORD.findall(name) if not word.isdigit()]
    stem = letters[:-1] if FILE.search(name) else letters
    return not name.endswith(".svg") and not (stem and _STAND_IN.issuperset(stem) and not _NUMBERED.search(name))


@lru_cache(1 << 9)  # each photograph of a page is compared with all others
def identity(url: str) -> str:
    """Return the common part of two addresses of one photograph in several sizes."""
    for _ in range(_MOST_UNWRAPPED):
        inner = next(
            (value for _, value in parse_qsl(urlsplit(url).query) if FILE.search(value) and "/" in value), None
        )
        if inner is None:
            break
        url = inner
    parts = urlsplit(url)
    name = unquote(parts.path).rstrip("/").rsplit("/", 1)[-1]
    bare = _SIZE.sub("", name)
    stem = bare.split(".")[0]
    if len(stem) >= _DISTINCT or (len(stem) > 3 and stem.isdigit()) or (len(stem) > 4 and any(map(str.isdigit, stem))):
        return bare.casefold()
    return f"{_SIZE.sub('', parts.path)}?{parts.query}" if parts.path else url


def kin(url: str) -> str:
    """Return the usual common part of one photograph's crops: the longest number or hash in the file's name.

    Two photographs may share it, so it identifies only images without a caption of their own.
    """
    tokens = re.split(r"[^a-z0-9]+", identity(url).partition("?")[0].rsplit("/", 1)[-1].rsplit(".", 1)[0])
    numbered = [token for token in tokens if len(_DIGIT.findall(token)) >= _FEWEST_DIGITS]
    return max(numbered, key=len, default="") or identity(url)


def _sources(image: HtmlElement) -> Iterator[str]:
    """Yield an image's possible addresses, likeliest first."""
    get = image.get
    yield from (value.strip() for name in _LAZY if "/" in (value := get(name) or "") and not value.startswith(_DATA))
    yield (get("src") or "").strip()
    others = [
        value.strip()
        for name, value in image.attrib.items()
        if name.startswith("data-") and "set" not in name and name not in _LAZY and _is_address(value)
    ]
    sets = [_largest(value) for name, value in image.attrib.items() if name.lower().endswith("srcset")]
    yield from (*filter(None, sets), *others)
    picture = next(image.iterancestors("picture"), None)  # the parser nests an img in the sources before it
    for each in picture.iter("source") if picture is not None else ():
        yield from filter(None, (_largest(value) for name, value in each.attrib.items() if name.endswith("srcset")))
    yield from (match[0] for name, value in image.attrib.items() for match in _ADDRESS.finditer(value) if name != "src")


def _is_address(value: str) -> bool:
    return bool(FILE.search(value)) and not value.lstrip().startswith(_DATA)


def _largest(candidates: str) -> str | None:
    """The address with the greatest width or density in a ``srcset``; its first of equals."""
    found = [
        (float(match[2] or 1), match[1]) for match in _CANDIDATE.finditer(candidates.strip()) if match[1].strip(",")
    ]
    usable = [(size, url) for size, url in found if not url.startswith("data:")]
    return max(usable, key=lambda one: one[0])[1] if usable else None
