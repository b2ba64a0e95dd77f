"""The names in a text: the register's forms, and other spellings of persons' names.

A surname alone means its person, except after another given name: Haftar is Khalifa, Hannibal Bourguiba is not Habib.
The longest match counts.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dateline.names.register import Entry, Match, Register
from dateline.places.normalize import spelled

_MOST_WORDS = 5  # words of a name, its particles included
CAPITALISED = re.compile(
    r"[A-ZÀ-ÖØ-ÞА-ЯЁ][\w'’.]*(?:[ \-](?:(?:al|el|bin|ben|ibn|ag|ould|de|di|von|der|van) ?-?)?[A-ZÀ-ÖØ-ÞА-ЯЁ][\w'’.]*)+"
)
ARABIC = re.compile(r"[\u0621-\u064a]+(?: [\u0621-\u064a]+)+")
JOINED = re.compile(r"^[وفبلك](?=\w{3})")
_BEFORE = re.compile(r"(\w+)[ -]$")
# Capitalised words before a surname that are no given names.
_TITLES = {
    *("Marshal", "General", "Colonel", "Major", "Captain", "President", "Minister", "Prime", "Premier", "Speaker"),
    *("Field", "Mr", "Mrs", "Ms", "Dr", "Sir", "King", "Prince", "Sheikh", "Imam", "Emir", "Warlord", "Commander"),
    *("Marechal", "Ministre", "Capitaine", "Roi", "Cheikh", "Monsieur", "Madame", "Maresal", "Maresali", "Baskan"),
    *("Basbakan", "Cumhurbaskani", "Bakan", "Bakani", "Lideri", "Lider", "Sayin", "Le", "La", "Les", "The", "Libyali"),
    *("Libyan", "Libyen", "Tunisian", "Algerian", "Moroccan", "Egyptian", "Russian", "Turkish", "French", "American"),
}


class Mention(NamedTuple):
    """The entry of a name in a text; if not ``sure``, it counts only beside another form in the same story."""

    entry: Entry
    sure: bool = True


def mentions(text: str) -> list[Mention]:
    """Return the mentions in a text, listed spellings first."""
    register, plain = Register.load(), spelled(text)
    matches = [match for match in register.matches(plain) if not _is_another(plain, match, register)]
    listed = [Mention(match.entry, match.mark != "?") for match in matches]
    known = {mention.entry for mention in listed}
    return listed + [Mention(entry) for entry, _ in _spellings(text, register) if entry not in known]


def unlisted(text: str) -> list[tuple[Entry, str]]:
    """Return the persons of a text in spellings outside the register, each with its spelling."""
    register = Register.load()
    return [(entry, name) for entry, name in _spellings(text, register) if not register.lists(name)]


def _is_another(text: str, match: Match, register: Register) -> bool:
    """Whether a part of a name is somebody else's, by the word before it."""
    before = _BEFORE.search(text, max(0, match.start - 30), match.start)
    if match.mark != "!" or before is None:
        return False
    word = before[1]
    if word[:1].isupper():
        return word not in _TITLES and (word in register.given or not _opens_sentence(text, before.start()))
    return word in register.given


def _opens_sentence(text: str, start: int) -> bool:
    """Whether a word is the first of its sentence, where any word has a capital."""
    before = text[:start].rstrip(" \"'«“(")
    return not before or before[-1] in ".!?:;\n"


def _spellings(text: str, register: Register) -> Iterator[tuple[Entry, str]]:
    """Yield persons by the consonants of their names, each with the spelling."""
    for pattern in (CAPITALISED, ARABIC):
        for run in pattern.finditer(text):
            words, at = run[0].split(), 0
            while at < len(words):
                entry, count = _longest(words[at : at + _MOST_WORDS], register)
                at += count
                if entry:
                    yield entry, " ".join(words[at - count : at]).rstrip(".'’")


def _longest(words: list[str], register: Register) -> tuple[Entry | None, int]:
    """The person whose name words begin with, and how many words it has."""
    if register.may_begin(words[0]):
        for count in range(len(words), 1, -1):
            name = " ".join(words[:count])
            entries = map(register.spelling, dict.fromkeys((name, JOINED.sub("", name))))
            if entry := next(filter(None, entries), None):
                return entry, count
    return None, 1
