"""Language of a story, by its words; the page's declaration decides between near equals.

The measure is the share of a language's most frequent words, by justext's lists; they cover about half of any text.
"""

import math
import re
from collections.abc import Iterable
from functools import cache
from itertools import islice

from justext.utils import get_stoplist
from trafilatura.settings import JUSTEXT_LANGUAGES

from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value

_WORDS = 400  # enough for a share; more only costs
_FEWEST = 12
_CLEAR = 0.12  # lead of another language to outweigh the declaration
_CERTAIN = 0.3  # likeness to confirm a declaration
_ENOUGH = 0.2  # least likeness of a result
_ABSURD = 0.05  # least likeness of a believable declaration
_LENGTH_PENALTY = 0.08  # a list of 3,000 words has more of a foreign text's than one of 300
_TAG = re.compile(r"^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_].*)?$", re.IGNORECASE)
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af\u1100-\u11ff]")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_UNUSED = {"la", "eo", "vo", "wa", "an", "ht", "nb"}  # not languages of newspapers, or another code's list


def declared(document: Document) -> Value[str] | None:
    """Return the page's declared language, as BCP 47: ``ar``, ``en-GB``."""
    candidates = [
        Value(
            document.tree.get("lang") or document.tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
            "html lang",
        ),
        *(Value(text, "json-ld inLanguage") for text in jsonld.texts(document.story.get("inLanguage"))),
        *document.contents("content-language", "language", "og:locale", "dc.language", "dcterms.language"),
    ]
    for value, rule in candidates:
        if tag := _bcp47(value):
            return Value(tag, rule)
    return None


def spoken(text: str, stated: str | None, expected: tuple[str, ...] = ()) -> Value[str] | None:
    """Return the language of a text (BCP 47, without region), given the declarations of page and source.

    None for a language without a list, unless declared.
    """
    if script := _by_script(text[:2000]):
        return Value(script, "script")
    hint = stated or (expected[0] if len(expected) == 1 else None)
    code, rule = (hint or "").split("-")[0], "declared" if stated else "the source's"
    tokens = re.findall(r"[^\W\d_]+", text[: 12 * _WORDS].casefold())[:_WORDS]
    if len(tokens) < _FEWEST:
        return Value(code, rule) if code else None
    if _likeness(code, tokens) >= _CERTAIN:
        return Value(code, f"{rule}, as its words are")
    best = max(_listed(_is_latin(tokens)), key=lambda name: _likeness(name, tokens))
    if _likeness(best, tokens) >= max(_ENOUGH, _likeness(code, tokens) + _CLEAR):
        return Value(best, "frequent words")
    return Value(code, rule) if code and (not _stoplist(code) or _likeness(code, tokens) > _ABSURD) else None


def _by_script(text: str) -> str | None:
    """The language of a text in East Asian letters; Japanese is known by its own among the Chinese ones."""
    kana, hangul, chinese = (len(letters.findall(text)) for letters in (_KANA, _HANGUL, _CHINESE))
    if kana + hangul + chinese < 0.2 * len(text) or not text:
        return None
    return "ko" if hangul > kana + chinese else "ja" if kana > 0.02 * len(text) else "zh"


def _likeness(code: str, tokens: list[str]) -> float:
    """Return the share of a language's frequent words, less for long lists; 0 without a list."""
    known = _stoplist(code)
    share = sum(map(known.__contains__, tokens)) / len(tokens)
    return share - _LENGTH_PENALTY * math.log10(len(known) / 300) if known else 0


def _bcp47(tag: str) -> str | None:
    match = _TAG.match(tag.strip())
    if not match:
        return None
    primary, script, region = match.groups()
    parts = (primary.lower(), script.title() if script else None, region.upper() if region else None)
    return "-".join(part for part in parts if part)


@cache
def _listed(latin: bool) -> tuple[str, ...]:
    """The languages with a list, of those in Latin letters or of the others."""
    return tuple(code for code in JUSTEXT_LANGUAGES if code not in _UNUSED and _is_latin(_stoplist(code)) == latin)


def _is_latin(words: Iterable[str]) -> bool:
    letters = "".join(islice(words, _FEWEST))
    return sum(letter < "\u0250" for letter in letters) > len(letters) / 2


@cache
def _stoplist(code: str) -> frozenset[str]:
    name = JUSTEXT_LANGUAGES.get(code)
    return frozenset(word.casefold() for word in get_stoplist(name)) if name else frozenset()
