"""Searched names of a place, in ``normalize`` form."""

import re
from collections.abc import Iterable, Iterator

from dateline.places.normalize import spelled

_LATIN = re.compile(r"[A-Z][A-Za-z]*(?:[ '.]+[A-Za-z]+){0,5}")
_ARABIC = re.compile(r"[ء-ي]{3,}(?: [ء-ي]+){0,4}|[ء-ي]{2} [ء-ي ]+")
# "The city of", "the governorate of": words beside a name, not part of it.
_TITLED = re.compile(
    r"Madinat |Madirat |Baladiyat |Qaryat |Mintaqat |مدينه |محافظه |شعبيه |ولايه |قريه |اقليم |اماره |منطقه "
)
_ARTICLE = re.compile(r"(?:Al|El|Ad|An|Ar|As|Ash|At|Az|Ez|Es|Er|Et|En|Ed) (?=[A-Z])")
_DIVISION = re.compile(
    r".* (?:District|Governorate|Region|State|Province)|(?:District|Region|Province|Gouvernorat) d.*"
)
_SHORTEST = 3  # letters of a name; an alternative one as short as this is, in Latin letters, an airport's code


def is_arabic(name: str) -> bool:
    return "ء" <= name[:1] <= "ي"


def forms(name: str, alternatives: Iterable[str], stated: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the forms of a place's name, of its plausible alternative names, and of all stated names."""
    own = [spelled(name)] if _is_name(spelled(name), _SHORTEST) else []
    usable = [form for form in map(spelled, alternatives) if _is_name(form, _SHORTEST + 1)]
    return tuple(dict.fromkeys(form for one in (*own, *usable, *map(spelled, stated)) for form in _variants(one)))


def without_preposition(form: str) -> str:
    """للقاهرة as القاهرة."""
    return f"ال{form[2:]}" if form.startswith("لل") else form


def _is_name(form: str, shortest: int) -> bool:
    if _TITLED.match(form) or _DIVISION.fullmatch(form):
        return False
    return bool(_ARABIC.fullmatch(form) or (len(form) >= shortest and _LATIN.fullmatch(form) and not form.isupper()))


def _variants(form: str) -> Iterator[str]:
    """A name as it is and without apostrophes; its Arabic article in other spellings, and after ل (للقاهرة)."""
    for plain in dict.fromkeys((form, form.replace("'", "").strip())):
        yield plain
        if match := _ARTICLE.match(plain):
            rest = plain[match.end() :]
            yield from (f"{article} {rest}" for article in (match[0].strip().lower(), "Al", "al", "El", "el"))
        if plain.startswith("ال"):
            yield f"لل{plain[2:]}"
