"""Consonant skeletons: one form for a name as Arabic, Latin and Cyrillic letters write it.

Vowels are dropped: Arabic omits most of them, and other scripts disagree about them. Consonants of similar sound are
one. An ambiguous spelling (``th`` is one letter or two) gives a word several skeletons; two words are one name if they
share a skeleton.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, product

from dateline.similarity import folding

# What a letter, or several, may stand for: b d f h j k l m n r s t z, S for sh; nothing for what is dropped.
_ARABIC = (
    "ب:b پ:b ت:t ط:t ث:t|s ج:j چ:j|S ح:h ه:h خ:h|k د:d ض:d|z ذ:d|z ظ:z|d ر:r ز:z ژ:j س:s ص:s ش:S غ:k ق:k ك:k گ:k"
    " ل:l م:m ن:n ف:f ڤ:f ا: ع: و: ي: ء:"
)
_LATIN = (
    "tch:S|tS sch:S|sh sh:S|sh ch:S|h|k kh:h|k|kh gh:k|kh dh:d|dh|z th:t|th|s|d ph:f|bh dj:j|dj rh:k|rh ts:ts|s"
    " b:b p:b t:t d:d f:f v:f| h:h x:h|ks j:j| g:k|j c:k|j|s k:k q:k l:l m:m n:n r:r s:s z:z|s|d ʃ:S"
    " a: e: i: o: u: y: w:"
)
_CYRILLIC = (
    "дж:j ж:j б:b п:b т:t д:d ф:f в:f| х:h г:k|h к:k л:l м:m н:n р:r с:s з:z|d ш:S щ:S ч:S ц:ts|s"
    " а: е: и: о: у: ы: э: ю: я: й: ь: ъ:"
)
_READ = {
    letters: tuple(readings.split("|"))
    for letters, _, readings in (each.partition(":") for each in f"{_ARABIC} {_LATIN} {_CYRILLIC}".split())
}
_LETTERS = re.compile("|".join(sorted(map(re.escape, _READ), key=len, reverse=True)))
_TURKISH = str.maketrans({"ş": "ʃ", "Ş": "ʃ", "š": "ʃ", "Š": "ʃ", "ç": "ʃ", "Ç": "ʃ"})
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_FINAL = re.compile(r"(?<=\w\w)(?:ه|ح|(?<![ksgdtcpr])h)$")  # hardly heard, or the ending of the feminine
_MOST = 12  # skeletons of a word
_MOST_PARTS = 4  # of a person's name
# Consonants of a name that is known by its skeleton alone, and of its last part; with fewer it is many people's.
_LEAST, _LEAST_LAST = 5, 3
_PARTICLES = {
    *("al", "el", "ul", "ad", "ed", "ar", "er", "as", "es", "at", "et", "an", "en", "ash", "esh", "ech"),
    *("ibn", "bin", "ben", "ould", "oulad", "ag", "de", "du", "ال", "بن", "ابن", "ولد", "اغ"),
    *("аль", "эль", "ад", "ас", "ан", "ар", "аш", "ат", "аз", "ибн", "бин", "бен"),
}
_ARTICLE = re.compile(r"^(?:ال|(?:al|el)(?=[bcdfghjkmnpqrstvwxz]\w{3}))(?=\w{3})")
# Abd, servant of: a word of its own, or one with the name of God behind it.
_SERVANT = re.compile(r"(?:عبد|abd(?:[aeiou]+[lrsnzdt]{0,2})?|абд[аеоуэ]?л?ь?)$")
_SERVANT_OF = re.compile(r"(?:عبد(?:ال)?|abd[aeiou]+(?:l(?=\w)|(?=[^\Waeiou]))|абд[аеоуэ]л?ь?)(?=\w{2})")
_GOD = re.compile(r"(?:الله|لله|[au]?ll?ah?)$")
# The second halves of names such as Nour al-Din, which may be written in one word.
_SECOND = {
    "الله": "له",
    "allah": "lah",
    "ullah": "lah",
    "الدين": "دين",
    "eddine": "din",
    "eddin": "din",
    "addin": "din",
}
_SECONDS = {"دين", "din", "dine"}
_SHORTENED = re.compile(r"(?:i|ا)(?:br|sm|بر|سم)")  # Brahim and Smail lose their first vowel
_JOINED = re.compile(r"^[وفبلك](?=\w{3})")
_WORD = re.compile(r"[^\W\d_]+")


def parts(name: str) -> list[frozenset[str]]:
    """The skeletons of each part of a name; its particles are none, and Abd is one part with what follows."""
    words = [word for word in _WORD.findall(_spelled(name)) if word not in _PARTICLES]
    found: list[str] = []
    servant = ""
    for at, word in enumerate(words):
        if _SERVANT.match(word) and at + 1 < len(words):
            servant = "abd "
        elif found and not servant and (word in _SECOND or word in _SECONDS):
            found[-1] += _SECOND.get(word, word)
        else:
            found.append(servant + _SECOND.get(word, word) if servant else word)
            servant = ""
    return [skeletons(word) for word in found]


@lru_cache(maxsize=100_000)
def first(word: str) -> frozenset[str]:
    """The skeletons that the first part of a name may have if it begins with this word, or ``abd``."""
    folded = _spelled(word)
    if _SERVANT.match(_JOINED.sub("", folded)) or folded in _PARTICLES:
        return frozenset({"abd"})
    alone = skeletons(folded) | skeletons(_JOINED.sub("", folded))
    return alone | {f"{each}{second}" for each in alone for second in ("dn", "l")}


def same(one: str, other: str) -> bool:
    """Whether two names of two or more parts may be spellings of one."""
    these, those = parts(one), parts(other)
    return len(these) == len(those) >= 2 and all(a & b for a, b in zip(these, those, strict=True))


def joined(sequence: Sequence[frozenset[str]]) -> Iterator[str]:
    """The skeletons of several parts together, no more than a few dozen."""
    yield from (" ".join(each) for each in islice(product(*map(sorted, sequence)), _MOST * 4))


def telling(name: str, least: int = _LEAST, least_last: int = _LEAST_LAST) -> Iterator[str]:
    """The skeletons of a name of two parts or more with so many consonants, and so many in its last part."""
    found = parts(name)
    if 2 <= len(found) <= _MOST_PARTS:
        for key in joined(found):
            if _consonants(key) >= least and _consonants(key.rpartition(" ")[2].rstrip("h")) >= least_last:
                yield key


def _consonants(key: str) -> int:
    return len([letter for letter in key if letter not in " awy"])


@lru_cache(maxsize=100_000)
def skeletons(word: str) -> frozenset[str]:
    """The skeletons of a folded word, or of ``abd`` and a word."""
    servant, _, rest = word.rpartition(" ")
    if not servant and (match := _SERVANT_OF.match(rest)):
        servant, rest = "abd", rest[match.end() :]
    if servant:
        rest = "lah" if _GOD.match(rest) else _ARTICLE.sub("", rest)
        return frozenset("abd" + each for each in islice(_read(rest, [""]), _MOST))
    bare = dict.fromkeys((_ARTICLE.sub("", rest), *([] if rest.startswith("ال") else [rest])))
    return frozenset(each for form in bare for each in islice(_read(form, _starts(form)), _MOST))


def _read(word: str, starts: Sequence[str]) -> Iterator[str]:
    """The ways in which a word may be read."""
    single = _DOUBLED.sub(r"\1", word)
    for form in dict.fromkeys((single, _FINAL.sub("", single))):
        read = [_READ[letters] for letters in _LETTERS.findall(form)]
        for start in starts:
            yield from (start + "".join(each) for each in islice(product(*read), _MOST))


def _starts(word: str) -> list[str]:
    """What a word's first letter counts for beside its consonant: a vowel, w or y."""
    if word.startswith("ou"):
        return ["w", "a"]
    if word[:1] in {"w", "و"}:
        return ["w"]
    if word[:1] in {"y", "ي", "й", "ю", "я", "j"}:
        return ["y", ""] if word[0] == "j" else ["y"]
    if word[:1] in set("aeiouاعءаеиоуэ"):
        return ["a", ""] if _SHORTENED.match(word) else ["a"]
    return [""]


def _spelled(name: str) -> str:
    """A name folded, with Turkish and Slavic letters for sh kept apart from s, and without apostrophes."""
    return re.sub("['’ʿʾ`]", "", folding.fold(name.translate(_TURKISH)))
