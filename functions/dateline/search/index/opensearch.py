"""The search index for OpenSearch: its mapping, and the same documents as lines for ``_bulk``.

Documents come analysed, so words are those of Dateline's own index at the same positions: exact forms between spaces,
and stems of a position joined by ``|``. What somebody types into OpenSearch is analysed there, by filters made of the
same tables: folding letter by letter, the light stem of Arabic, Snowball in English, French and Turkish.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from dateline.search.analysis import arabic
from dateline.search.analysis.terms import APOSTROPHES, ELIDED, SNOWBALL, SUFFIX, Term, terms
from dateline.search.index.schema import Entry, bylines, codes, order, spelled, words
from dateline.similarity import folding

INDEX = "dateline-stories"
_SCRIPTS = chain(
    range(0x00A0, 0x0600), range(0x0600, 0x0780), range(0x08A0, 0x0900), range(0x1E00, 0x2070), range(0xFB00, 0xFF00)
)
_FOLDED = {chr(point): folding.fold(chr(point)) for point in _SCRIPTS}
_BETWEEN = "|"  # of the stems of one position


def index() -> dict[str, Any]:
    """Return the body of the request that creates the index: ``PUT /dateline-stories``."""
    keyword, exact = {"type": "keyword"}, {"type": "text", "analyzer": "words", "search_analyzer": "typed_words"}
    stems = {"type": "text", "analyzer": "stems", "search_analyzer": "typed_stems"}
    fields: dict[str, Any] = dict.fromkeys(
        ("id", "source", "country", "language", "people", "places", "about"), keyword
    )
    fields |= dict.fromkeys(("title", "text", "authors"), exact) | dict.fromkeys(("title_stems", "text_stems"), stems)
    fields |= {
        "spelled": {"type": "text", "analyzer": "stems"},
        "order": {"type": "long"},
        "story": {"type": "object", "enabled": False},
    }
    return {
        "settings": {"analysis": _analysis()},
        "mappings": {"dynamic": "strict", "properties": dict(sorted(fields.items()))},
    }


def bulk(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield two lines for each story, for ``POST /_bulk``: an action and a document; repeated, they change nothing."""
    for entry in entries:
        yield _line({"index": {"_index": INDEX, "_id": entry.id}}) + _line(document(entry))


def document(entry: Entry) -> dict[str, Any]:
    """Return the document of a story, analysed."""
    article, found = entry.article, dict[str, Any](codes(entry))
    for field, texts in words(article).items():
        analysed = [list(terms(text, article.language)) for text in texts]
        found[field] = [_exact(each) for each in analysed if each]
        found[f"{field}_stems"] = [" ".join(_BETWEEN.join(term.stems) for term in each) for each in analysed if each]
    found["authors"] = [_exact(bylines(article))]
    found["spelled"] = _names(spelled(article))
    found |= {"order": order(entry.published_key), "story": json.loads(entry.shown())}
    return dict(sorted(found.items()))


def _exact(found: Sequence[Term]) -> str:
    return " ".join(term.exact for term in found)


def _names(found: Sequence[tuple[int, str]]) -> str:
    """The skeletons at each position, and a dot between names."""
    parts = defaultdict[int, list[str]](list)
    for at, part in found:
        parts[at].append(part)
    return " ".join(_BETWEEN.join(parts.get(at, ".")) for at in range(max(parts, default=-1) + 1))


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _analysis() -> dict[str, Any]:
    word = {
        "type": "custom",
        "char_filter": ["folded"],
        "tokenizer": "words",
        "filter": ["lowercase", "elided", "ended"],
    }
    filters = _arabic() | {
        "elided": _without(rf"^(?:(?:{'|'.join(sorted(ELIDED))})')+"),
        "ended": _without(rf"(?<=\w{{3}})'\w{{1,{SUFFIX}}}$"),
        "separate": {"type": "pattern_capture", "preserve_original": False, "patterns": [r"([^|]+)"]},
        **{f"stem_{code}": {"type": "snowball", "language": name.title()} for code, name in SNOWBALL.items()},
    }
    branches = [*(f"stem_{code}" for code in SNOWBALL), *_BRANCHES]
    filters["stem"] = {"type": "multiplexer", "filters": branches, "preserve_original": True}
    return {
        "char_filter": {"folded": {"type": "mapping", "mappings": list(_mappings())}},
        "tokenizer": {"words": {"type": "pattern", "group": 0, "pattern": r"[\p{L}\p{N}_]+(?:'[\p{L}\p{N}_]+)*"}},
        "filter": filters,
        "analyzer": {
            "words": {"type": "whitespace"},
            "stems": {"type": "custom", "tokenizer": "whitespace", "filter": ["separate"]},
            "typed_words": word,
            "typed_stems": {**word, "filter": [*word["filter"], "stem"]},
        },
    }


def _mappings() -> Iterator[str]:
    """Yield what each letter is folded to, and each apostrophe to one of them; as escapes, for some are invisible."""
    signs = dict.fromkeys(APOSTROPHES, "'")
    for letter, one in sorted((_FOLDED | signs).items()):
        if letter != one:
            yield f"{_escaped(letter)}=>{_escaped(one)}"


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


# How a word of Arabic may be read: with or without an article, an ending, or the ending of an adjective.
_ENDINGS = "possessed, dual, plural, vowel, linked, doubled"
_BRANCHES = [
    f"article, persian, {_ENDINGS}",
    "article, adjective, linked, doubled",
    "article, adjective_stem, doubled",
    _ENDINGS,
]


def _arabic() -> dict[str, Any]:
    """The steps of ``arabic.stems`` as filters."""
    least, more = rf"(?<=\w{{{arabic.LEAST}}})", rf"(?<=\w{{{arabic.LEAST + 1}}})"
    return {
        "article": _without(rf"^{arabic.ARTICLE.pattern}"),
        "persian": _without(arabic.PERSIAN.pattern),
        "possessed": _without(rf"{least}(?:(?<=[^ا])ت)?(?:{'|'.join(arabic.PRONOUNS)})$"),
        "dual": _without(rf"{more}ان$"),
        "plural": _without(rf"{least}(?:{'|'.join(arabic.PLURALS)})$"),
        "vowel": _without(rf"{more}[يا]$"),
        "linked": _without(rf"(?<=\w{{{arabic.LEAST}}}ا)[يو]$"),
        "adjective": _without(rf"{least}(?:{'|'.join(arabic.NISBA)})$"),
        "adjective_stem": {**_without(rf"{least}(?:{'|'.join(arabic.NISBA)})$"), "replacement": "ي"},
        "doubled": {**_without(arabic.DOUBLED.pattern), "replacement": "$1$2"},
    }


def _without(pattern: str) -> dict[str, str]:
    """A filter that removes a pattern; letters are Unicode's in Java too."""
    return {"type": "pattern_replace", "pattern": f"(?U){pattern}", "replacement": ""}
