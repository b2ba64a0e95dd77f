"""Analysis: terms of a text, the same for indexing and for queries.

A word has an exact form, folded as in comparisons of names, and stems: by Snowball in English, French and Turkish, and
by light stemming in Arabic and Persian. In documents, Arabic words are also indexed without a one-letter prefix. All
forms share the word's position, for phrases.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from dateline.normal_forms import nfc
from dateline.search.analysis import arabic
from dateline.similarity import folding

SNOWBALL = {"en": "english", "fr": "french", "tr": "turkish"}
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0640\u06d6-\u06ed\u08d3-\u08ff"  # \w has letters only
_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u061c"
APOSTROPHES = "'\u2019\u2018\u02bc\u02bb\u02bf\u02be`\u00b4\u2032"
_WORD = re.compile(rf"\w[\w{_MARKS}{_UNSEEN}]*(?:[{APOSTROPHES}]\w[\w{_MARKS}{_UNSEEN}]*)*")
_PARTS = re.compile(f"[{APOSTROPHES}]")
# What French joins to the next word: l'élection, qu'ils. One of its own words has an apostrophe inside.
ELIDED = frozenset(["l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu"])
SUFFIX = 6  # letters at most after an apostrophe: the English possessive, Turkish cases (Libya'nın, Trablus'taki)
_LONGEST = 60  # letters of a term; what is longer is no word
_CARRIER = re.compile(r"(?<=\w)[ؤئأ](?=\w)")  # a hamza whose carrier depends on the writer: مسؤول, مسئول
_CARRIED = 4  # letters that a word has without it, at least


class Term(NamedTuple):
    """A word of a text: its exact form, its stems, and its position."""

    exact: str
    stems: tuple[str, ...]
    start: int
    end: int


def terms(text: str, language: str | None = None, *, asked: bool = False) -> Iterator[Term]:
    """The words of a text in its order; ``language`` is BCP 47.

    Without a known language, as of a query (``asked``), a word has its stems in all languages.
    """
    known = (language or "").partition("-")[0]
    for match in _WORD.finditer(text):
        joined, start = match[0], match.start()
        for word, at in [(joined, start)] if joined.isalnum() else _words(joined, start):
            exact, forms = _forms(word, known, asked=asked)
            if exact:
                yield Term(exact, forms, at, at + len(word))


@lru_cache(maxsize=200_000)  # the words of some thousand stories: half of a text's words are a few hundred
def _forms(word: str, language: str, *, asked: bool) -> tuple[str, tuple[str, ...]]:
    """Return the exact form and the stems of a word; an empty form for an overlong one."""
    exact = folding.fold(word)
    return (exact, stems(word, language, asked=asked)) if len(exact) <= _LONGEST else ("", ())


def stems(word: str, language: str, *, asked: bool) -> tuple[str, ...]:
    """The stems of a word as it is written, its likeliest first."""
    exact = folding.fold(word)
    if _ARABIC.search(word):
        found = _arabic(word, exact, asked=asked)
    elif exact.isascii() and exact.isalpha():
        found = _latin(word, exact, language)
    else:
        found = (exact,)
    return tuple(dict.fromkeys(found))


def _arabic(word: str, exact: str, *, asked: bool) -> tuple[str, ...]:
    composed = nfc(word)
    rooted = arabic.is_rooted(composed)
    found = arabic.stems(exact, rooted=rooted)
    carried = folding.fold(_CARRIER.sub("", composed))
    if carried != exact and len(carried) >= _CARRIED:
        found += arabic.stems(carried, rooted=rooted)
    if asked:
        return (*found, exact)
    bare = arabic.unprefixed(exact)
    return (*found, *(stem for each in bare for stem in (*arabic.stems(each, rooted=True), each)))


def _latin(word: str, exact: str, language: str) -> tuple[str, ...]:
    """Stems of the word as it is written, and of the word without its marks, which a query may lack."""
    languages = (language,) if language in SNOWBALL else tuple(SNOWBALL) if not language else ()
    found = [form for each in languages for form in (_snowball(_lower(word, each), each), _snowball(exact, each))]
    return tuple(map(folding.fold, found)) or (exact,)


def _snowball(word: str, language: str) -> str:
    stem, *_ = _stemmer(language).analyze(word) or [word]
    return stem


@cache
def _stemmer(language: str) -> TextAnalyzer:
    return TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer(SNOWBALL[language])).build()


def _lower(word: str, language: str) -> str:
    composed = nfc(word)
    if language == "tr":
        composed = composed.replace("I", "ı").replace("İ", "i")
    return composed.lower()


def _words(joined: str, start: int) -> Iterator[tuple[str, int]]:
    """What of a word with apostrophes counts: not what French elides before it, nor an ending after it."""
    parts = list(_parts(joined, start))
    while len(parts) > 1 and parts[0][0].lower() in ELIDED:
        parts.pop(0)
    if len(parts) > 1 and len(parts[-1][0]) <= SUFFIX and parts[-1][0].islower() and len(parts[-2][0]) > 2:
        parts.pop()
    yield from parts


def _parts(joined: str, start: int) -> Iterator[tuple[str, int]]:
    at = 0
    for match in _PARTS.finditer(joined):
        yield joined[at : match.start()], start + at
        at = match.end()
    yield joined[at:], start + at
