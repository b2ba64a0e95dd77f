"""Authors of a story: persons, or a desk or agency as signature if there are none, each once."""

import re
from collections.abc import Iterable, Iterator, Set
from enum import IntEnum
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlsplit

from dateline.article import Dateline
from dateline.extraction.fields.credits import agencies, bylines, dateline_agencies
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import words

_META = (
    "article:author", "author", "parsely-author", "article_author", "articleauthor", "og:author", "og:article:author",
    "sailthru.author", "dc.creator", "dcterms.creator", "byl",
)  # fmt: skip
_ASIDE = re.compile(r"\([^)]*\)|\[[^]]*]|<[^>]*>")
_ROLE = re.compile(
    r"\b(?:editors?|reporters?|correspondents?|writers?|journalists?|contributors?|columnist|producer|director|professor|fellow"
    r"|photographer|newsroom|bureau|updated|published|posted|read|share|follow|sponsored|comments?|author|by|photography"
    r"|redakt\w+|rédact\w+|journaliste|muhabir\w*|editörü|haber)\b|محرر|مراسل|기자|記者",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(
    r"\s+(?:기자|記者|muhabir|(?:staff|senior|contributing)\s+\w+|(?:the\s+)?associated press|reuters|afp|dpa)$",
    re.IGNORECASE,
)
_OUTLET = re.compile(
    r"\b(?:news\w*|times|post|press|journal|daily|gazette|tribune|telegram|telegraph|herald|report|media|magazine|tv|radio|network"
    r"|agency|agence|ajansı|agentur|channel|company|staff|team|desk|the|redazione|redaktion|rédaction|وكالة|صحيفة|شبكة|قناة)\b"
    r"|\.\w{2,4}$",
    re.IGNORECASE,
)
_PARTICLES = {
    "de", "del", "la", "le", "du", "des", "da", "di", "do", "dos", "van", "von", "der", "den",
    "bin", "ben", "ibn", "al", "el", "y", "e", "as",
}  # fmt: skip
_ADDRESS = re.compile(r"\S*(?:https?:|www\.|\w@\w)\S*|(?<!\w)@\w+")
# A byline's date, and all behind it.
_DATE = re.compile(
    r"(?:\s|^)(?:publi[ée]e?s?|publiziert|veröffentlicht|erstellt|aktualisiert|posted|published|updated|mis à jour"
    r"|yayınlan\w+|güncelle\w+|نشرت?|تحديث|آخر تحديث|منتشر)\b.*$"
    r"|\s+(?:am|on|le)\s+(?:\d|(?:mon|diens|mitt|donners|frei|sams|sonn)\w+tag|samstag|mittwoch).*$",
    re.IGNORECASE,
)
# Names with a waw of their own at the beginning.
_NAMES_IN_WAW = {
    "وليد", "وائل", "وسيم", "وفاء", "وداد", "وجدي", "وحيد", "وصفي", "وهبي", "وردة", "ولاء", "وسام", "وئام", "وجيه",
    "وهيب", "والي", "واصف", "وديع", "وسيلة", "وهبة", "وضاح", "وصال",
}  # fmt: skip
_IN_PLACE = re.compile(r"[,،]?\s+(?:in|à|au|en|aus|في|من|در|از)\s+(?P<place>[^,،]{2,25})$")
_NO_NAME = re.compile(r"@|\d|^\W*$|[{}\[\]=?!:]")
_DESK = re.compile(r"[\w. -]{0,20}\b(?:redaktion|rédaction|redazione|redacción|newsroom|haber merkezi)", re.IGNORECASE)
_NOBODY = {
    "admin",
    "administrator",
    "webmaster",
    "super user",
    "superuser",
    "superadmin",
    "super admin",
    "joomla",
    "wordpress",
    "webadmin",
    "site admin",
    "unknown",
    "anonymous",
    "user",
    "guest",
    "root",
    "editor",
    "author",
    "yönetici",
    "مدير",
    "المحرر",
    "الإدارة",
}
_LONGEST_BYLINE = 120
_LONGEST = 60  # characters of a name
_SIGNATURE = 30  # characters of a signature at a story's end

_MARKS = " :–—-*|"

Names = tuple[str, ...]


class _Rank(IntEnum):
    """Kinds of signatures, best first."""

    NOBODY = 0
    OUTLET = 1
    OTHERS = 2
    PERSONS = 3


class _Source(NamedTuple):
    texts: list[str]
    rule: str
    stated: bool = False  # in the page's data, which have names only
    far: bool = False  # far from the headline, among other signatures


def find(document: Document) -> Value[Names] | None:
    """Return the names of the first source with persons; else of the first with anyone but the outlet, or anyone.

    Persons of the page's data yield to those of its byline if that has them and more, or if the page shows none of the
    former, as with a default account.
    """
    stated = list(_stated(document))
    outlet = document.outlet_names | _with_address(stated, document)
    best, found = _Rank.NOBODY, None
    for source in chain(stated, _shown(document)):
        rank, signed = _signed(source, outlet)
        if rank > best and not (source.far and best == _Rank.OTHERS):
            best, found = rank, Value(signed, source.rule)
        if best == _Rank.PERSONS:
            break
    if found is None or best != _Rank.PERSONS or not found.rule.startswith(("json-ld author", "meta")):
        return found
    return _shown_instead(document, found, outlet) or found


def _shown_instead(document: Document, stated: Value[Names], outlet: Set[str]) -> Value[Names] | None:
    """Return the persons of the page's byline if they are better than those of its data."""
    data = {words(name) for name in stated.value}
    for line in bylines.lines(document, stated.value):
        joined = [_bare(part, outlet) for part in bylines.AND.split(_plain(line))]
        if data < {words(part) for part in joined} and all(_is_person(part, outlet) for part in joined):
            return Value(_names(joined), "byline")
    if not stated.rule.startswith("meta"):
        return None
    texts, far = bylines.named(document)
    rank, signed = _signed(_Source(texts, "byline"), outlet)
    if rank != _Rank.PERSONS or far or data & set(map(words, signed)):
        return None
    visible = words(document.content(document.tree))
    return Value(signed, "byline") if not any(name in visible for name in data) else None


def _signed(source: _Source, outlet: Set[str]) -> tuple[_Rank, Names]:
    """Return the names of a signature and its rank."""
    texts = [_plain(text) for text in source.texts]
    named = _names(_bare(part, outlet) for text in texts for part in _parts(text))
    if persons := tuple(name for name in named if _is_person(name, outlet)):
        return _Rank.PERSONS, persons
    # What no person signs is signed as it stands: "Le Courrier et AFP", "Ministry of Trade and Supply".
    others = _names(texts) if source.stated else tuple(name for name in named if _is_known(name, outlet))
    if not others:
        return _Rank.NOBODY, ()
    return _Rank.OUTLET if all(_is_outlets(name, outlet) for name in named) else _Rank.OTHERS, others


def signatures(document: Document, names: Names) -> list[str]:
    """The page's bylines as they are printed and as its data have them, except the outlet's own name."""
    stated = [text for source in _stated(document) for text in source.texts]
    texts = dict.fromkeys((*names, *stated, *bylines.named(document)[0], *bylines.lines(document, names)))
    return [text for text in texts if not any(name.startswith(words(text)) for name in document.outlet_names)]


def dateline(texts: Iterable[str]) -> Dateline | None:
    """The dateline in one of some bylines."""
    found = (_filed(text) for text in texts if len(text) < _LONGEST_BYLINE)
    return next(filter(None, found), None)


def _filed(text: str) -> Dateline | None:
    """The place of a correspondent, or the town beside a name."""
    said = bylines.BY.match(text)
    place = said["place"] if said else None
    if place and dateline_agencies.is_city(place):
        return dateline_agencies.stated(place)
    return dateline_agencies.beside_name(bylines.BY.sub("", text))[0]


def _with_address(sources: list[_Source], document: Document) -> set[str]:
    """Names beside the outlet's own address, as in "The Coast Post (www.coast-post.example)", as ``words``."""
    host = urlsplit(document.url).netloc.removeprefix("www.")
    aside = re.compile(rf"\([^()]*{re.escape(host)}/?\)")
    return {words(aside.sub("", text)) for source in sources for text in source.texts if aside.search(text)} - {""}


def with_signature(
    by: Value[Names] | None, blocks: list[str], document: Document
) -> tuple[Value[Names] | None, list[str]]:
    """Return the authors and the blocks: if ``by`` has no person, a last line with one signs, or a desk's."""
    outlet = document.outlet_names
    named = by.value if by else ()
    last = bylines.BY.sub("", bylines.of_first_task(blocks[-1])).strip(" .–—-") if blocks else ""
    desk = _DESK.fullmatch(last) and all(_is_outlets(name, outlet) for name in named)
    signs = bool(blocks) and len(last) <= _LONGEST and bylines.says_by(blocks[-1]) and _is_person(last, outlet)
    if signs and words(last) in map(words, named):
        return by, blocks[:-1]
    if any(_is_person(name, outlet) for name in named) or not (desk or signs or _is_signature(last, outlet)):
        return by, blocks
    return Value((last,), "last line"), blocks[:-1]


def _is_signature(line: str, outlet: Set[str]) -> bool:
    """Return whether a line is a person's name alone, in Latin letters with capitals."""
    parts = line.split()
    capitals = all(part[0].isupper() and part.strip(".-’'").isalpha() for part in parts)
    return len(parts) in range(2, 5) and len(line) <= _SIGNATURE and capitals and _is_person(line, outlet)


def _stated(document: Document) -> Iterator[_Source]:
    yield _Source(jsonld.texts(document.story.get("author")), "json-ld author", stated=True)
    for name in _META:
        yield _Source([found.value for found in document.contents(name)], f"meta {name}", stated=True)


def _shown(document: Document) -> Iterator[_Source]:
    texts, far = bylines.named(document)
    yield _Source(texts, "byline", far=far)
    yield _Source(list(bylines.linked(document)), "author link")
    yield _Source(list(bylines.spoken(document)), "line that says by")
    yield _Source(jsonld.texts(document.story.get("creator")), "json-ld creator", stated=True)
    pages = [node for node in document.nodes if "WebPage" in jsonld.types(node)] if not document.story else []
    yield _Source([name for node in pages for name in jsonld.texts(node.get("author"))], "json-ld author of the page")


def names(texts: Iterable[str]) -> Names:
    """The names in some bylines, each once."""
    parts = (part for text in texts for part in _parts(_plain(text)))
    return tuple(name for name in _names(_bare(part, set()) for part in parts) if not _ROLE.search(name))


def _plain(text: str) -> str:
    """Return a byline without addresses, brackets and date."""
    first = bylines.of_first_task(text)
    bare = _ASIDE.sub(" ", _ADDRESS.sub(" ", bylines.BY.sub("", first)))
    return _without_place(_DATE.sub("", bare))


def _without_place(text: str) -> str:
    """Return a byline without a town at its end: By X in Tripoli, Par X, à Tunis."""
    match = _IN_PLACE.search(text)
    return text[: match.start()] if match and dateline_agencies.is_city(match["place"].strip(_MARKS)) else text


def _parts(text: str) -> Iterator[str]:
    """Return the names in a byline, separated at conjunctions and signs, without towns."""
    parts = [part for whole in bylines.SPLIT.split(text) for part in _undashed(whole)]
    for part in parts:
        if len(parts) == 1 or not dateline_agencies.is_city(part):
            yield from _unjoined(part)


def _undashed(part: str) -> list[str]:
    """Separate parts at dashes if one of them is a town or an agency: ``محمد سالم - طرابلس``."""
    parts = [each for each in bylines.DASH.split(part) if each.strip()]
    return parts if any(dateline_agencies.is_city(each) or agencies.known(each) for each in parts) else [part]


def _unjoined(part: str) -> Iterator[str]:
    """Separate two Arabic names joined by a waw in the second one's first word: وليد حسن وعلي سالم."""
    tokens = part.split()
    for at in range(2, len(tokens) - 1):
        if tokens[at].startswith("و") and len(tokens[at]) > 3 and tokens[at] not in _NAMES_IN_WAW:
            yield " ".join(tokens[:at])
            yield from _unjoined(" ".join([tokens[at][1:], *tokens[at + 1 :]]))
            return
    yield part


def _names(texts: Iterable[str]) -> Names:
    """Return possible names, cleaned, in order, each once."""
    found: dict[str, str] = {}
    for text in texts:
        name = " ".join(bylines.BY.sub("", text).strip(_MARKS).split())
        if 0 < len(name) <= _LONGEST and not _NO_NAME.search(name) and words(name) not in _NOBODY:
            found.setdefault(words(name), name)
    return tuple(found.values())


def _bare(name: str, outlet: Set[str]) -> str:
    """A person's name without the role or the agency behind it; "Coast Post staff reporter" as it is."""
    bare = _AFTER_NAME.sub("", name.strip(_MARKS))
    return name if _is_outlets(bare, outlet) or bare.casefold() == "the" else bare


def _is_person(name: str, outlet: Set[str]) -> bool:
    """Return whether a name may be a person's: two words or more, or a script without capitals; never an outlet's."""
    if (
        _OUTLET.search(name)
        or _ROLE.search(name)
        or _is_sentence(name)
        or _is_agency(name)
        or _is_outlets(name, outlet)
    ):
        return False
    return len(name.split()) in range(2, 6) or (len(name) > 1 and name.lower() == name.upper())


def _is_sentence(name: str) -> bool:
    """Whether small words stand among capitalised ones: more than a name's particles, or at the end ("Tagged as")."""
    parts = name.split()
    small = [word for word in parts if word[0].islower()]
    return len(small) < len(parts) and (parts[-1] in small or len(set(small) - _PARTICLES) > 1)


def _is_agency(name: str) -> bool:
    return agencies.known(name) is not None or words(name) in {"وكالات", "agences", "agencies"}


def _is_known(name: str, outlet: Set[str]) -> bool:
    return _is_agency(name) or _is_outlets(name, outlet)


def _is_outlets(name: str, outlet: Set[str]) -> bool:
    """Return whether a name belongs to the outlet, or to one of its parts."""
    folded = words(name)
    return not _ROLE.search(name) and any(
        (len(other) > 5 and (folded in other or other in folded))
        or f"{folded} ".startswith(f"{other} ")
        or f" {folded}".endswith(f" {other}")
        for other in outlet
    )
