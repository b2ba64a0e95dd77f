"""What language a story is in, by its words; what its page declares decides between near equals.

The measure is the share of a text's words that are among a language's most frequent ones, by justext's lists, which
cover about half of any text in their language.
"""

import re
from functools import cache

from justext.utils import get_stoplist
from trafilatura.settings import JUSTEXT_LANGUAGES

from dateline.extraction import jsonld
from dateline.extraction.document import Document, Found

_WORDS = 400  # enough for a share; more only costs
_FEWEST = 12
_CLEAR = 0.12  # by which another language's share must be larger to outweigh the declaration
_CERTAIN = 0.3  # the share above which a declaration is not doubted
_ENOUGH = 0.22  # the share under which nothing is known
_TAG = re.compile(r"^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_].*)?$", re.IGNORECASE)
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
}  # written without spaces, or without lists; in this order, for Japanese has Chinese characters too
_UNUSED = {"la", "eo", "vo", "wa", "an", "ht", "nb"}  # not languages of newspapers, or another code's list


def declared(document: Document) -> Found[str] | None:
    """The language that the page says it is in, as BCP 47: ``ar``, ``en-GB``."""
    candidates = [
        Found(
            document.tree.get("lang") or document.tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
            "html lang",
        ),
        *(Found(text, "json-ld inLanguage") for text in jsonld.texts(document.story.get("inLanguage"))),
        *document.contents("content-language", "language", "og:locale", "dc.language", "dcterms.language"),
    ]
    for value, rule in candidates:
        if tag := _bcp47(value):
            return Found(tag, rule)
    return None


def spoken(text: str, stated: str | None, expected: tuple[str, ...] = ()) -> Found[str] | None:
    """The language of a text (BCP 47, without region), given what its page and its source say."""
    hint = stated or (expected[0] if len(expected) == 1 else None)
    hint_rule = "declared" if stated else "the source's"
    code = hint.split("-")[0] if hint else None
    for script, letters in _SCRIPTS.items():
        if len(letters.findall(text[:2000])) > 0.2 * len(text[:2000]):
            return Found(script, "script")
    tokens = re.findall(r"[^\W\d_]+", text[: 12 * _WORDS].casefold())[:_WORDS]
    if len(tokens) < _FEWEST:
        return Found(code, hint_rule) if code else None
    if code and _share(code, tokens) >= _CERTAIN:
        return Found(code, f"{hint_rule}, as its words are")
    best = max(_listed(), key=lambda name: _share(name, tokens))
    if code and _share(best, tokens) - (_share(code, tokens) or _ENOUGH) < _CLEAR:
        return Found(code, hint_rule)
    return Found(best, "frequent words") if _share(best, tokens) >= _ENOUGH else None


def _share(code: str, tokens: list[str]) -> float:
    """The share of words that are among a language's frequent ones; 0 for a language without a list."""
    return sum(map(_stoplist(code).__contains__, tokens)) / len(tokens)


def _bcp47(tag: str) -> str | None:
    match = _TAG.match(tag.strip())
    if not match:
        return None
    primary, script, region = match.groups()
    parts = (primary.lower(), script.title() if script else None, region.upper() if region else None)
    return "-".join(part for part in parts if part)


@cache
def _listed() -> tuple[str, ...]:
    return tuple(code for code in JUSTEXT_LANGUAGES if code not in _UNUSED)


@cache
def _stoplist(code: str) -> frozenset[str]:
    name = JUSTEXT_LANGUAGES.get(code)
    return frozenset(word.casefold() for word in get_stoplist(name)) if name else frozenset()
