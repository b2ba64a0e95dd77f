"""Synthetic stories of many outlets with known copies, for measuring clusters.

Stories in Arabic, English, French and Turkish use the words in ``words/``, reproducibly for a seed. One in three is an
agency story printed by several outlets within days: trimmed from the end, under another headline and dateline, lightly
edited, in other letters, or several of these. The others resemble copies: issues of a daily bulletin with other
numbers, shorts with half boilerplate, other stories about the same people and places.
"""

import random
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

LANGUAGES = ("ar", "en", "fr", "tr")
_FIRST_DAY = datetime(2026, 3, 1, 6, tzinfo=UTC)
_A_DAY = 400  # articles, so that 20,000 are of seven weeks
_AGENCIES = ("AFP", "Reuters", "AP", "DPA", "AA")
_SLOT = re.compile(r"\{(\w+)\}")

Words = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """One outlet's version. Pieces of the same ``story`` are copies; ``kind`` describes the making."""

    story: int
    kind: str
    outlet: str
    language: str
    published: datetime
    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)


def pieces(count: int, seed: int = 1) -> list[Piece]:
    """So many articles of a few weeks, in order of publication."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the set the same each time
    made: list[Piece] = []
    for number, family in enumerate(_families(chance, timedelta(days=count / _A_DAY))):
        made += [replace(piece, story=number) if piece.story < 0 else piece for piece in family]
        if len(made) >= count:
            break
    return sorted(made[:count], key=lambda piece: piece.published)


def _families(chance: random.Random, span: timedelta) -> Iterator[list[Piece]]:
    """Yield stories with their copies, and other stories, without end."""
    while True:
        newsroom = Newsroom(chance, chance.choice(LANGUAGES), _FIRST_DAY + span * chance.random())
        makers: list[tuple[int, Callable[[], Iterator[list[Piece]]]]] = [
            (30, newsroom.wire),
            (30, newsroom.same_people),
            (4, newsroom.series),
            (6, newsroom.shorts),
        ]
        (make,) = chance.choices([make for _, make in makers], [weight for weight, _ in makers])
        yield from make()


class Newsroom:
    """Writes stories in one language about one set of people and places, from one instant on."""

    def __init__(self, chance: random.Random, language: str, begins: datetime) -> None:
        self._chance, self._language, self._begins = chance, language, begins
        self._words = words(language)
        self._cast = {
            "person": [self._name() for _ in range(4)],
            "place": chance.sample(self._words["place"], 3),
            "org": chance.sample(self._words["org"], 2),
            "thing": [self._thing() for _ in range(3)],
        }

    def wire(self) -> Iterator[list[Piece]]:
        """A story, and up to five copies of it."""
        story = self._story()
        yield [story, *(self._copy(story) for _ in range(self._chance.randint(1, 5)))]

    def same_people(self) -> Iterator[list[Piece]]:
        """Yield two stories about the same people and places, with a common sentence."""
        one, other = self._story(), self._story()
        shared = self._chance.choice(one.paragraphs)
        yield [one]
        yield [replace(other, paragraphs=(*other.paragraphs, shared))]

    def series(self) -> Iterator[list[Piece]]:
        """Yield a bulletin's issues of some days, different mainly in numbers; some are reprinted."""
        outlet, title = self._outlet(), self._fill(self._chance.choice(self._words["headline"]))
        lines = [
            self._fill(line, but="n")
            for line in self._chance.choices(self._words["bulletin"], k=self._chance.randint(4, 9))
        ]
        for day in range(self._chance.randint(3, 8)):
            at = self._begins + timedelta(days=day)
            paragraphs = tuple(self._fill(line) for line in lines)
            issue = Piece(-1, "series", outlet, self._language, at, title, paragraphs)
            yield [issue, *([self._copy(issue, [trim])] if self._chance.random() < 0.2 else [])]

    def shorts(self) -> Iterator[list[Piece]]:
        """Some shorts of an outlet, each with the same standing text; another outlet prints one in four without it."""
        outlet = self._outlet()
        standing = tuple(self._chance.sample(self._words["standing"], self._chance.randint(2, 3)))
        for hour in range(self._chance.randint(3, 10)):
            own = (self.sentence(), self.sentence())
            at = self._begins + timedelta(hours=5 * hour)
            short = Piece(-1, "short", outlet, self._language, at, self.headline(), (*own, *standing))
            bare = [replace(self._copy(short, []), kind="bare", paragraphs=own)] if self._chance.random() < 0.25 else []
            yield [short, *bare]

    def _story(self) -> Piece:
        paragraphs = tuple(self.sentence() for _ in range(self._chance.randint(9, 32)))
        return Piece(-1, "story", self._outlet(), self._language, self._at(24), self.headline(), paragraphs)

    def _copy(self, of: Piece, ways: "Sequence[Way] | None" = None) -> Piece:
        """Return another outlet's version of a story: up to three changes, or the given ones."""
        chosen = self._chance.sample(WAYS, self._chance.randint(0, 3)) if ways is None else ways
        copy = replace(of, outlet=self._outlet(), published=of.published + timedelta(hours=self._delay()))
        for way in chosen:
            copy = way(self, self._chance, copy)
        return replace(copy, kind="+".join(sorted(way.__name__ for way in chosen)) or "verbatim")

    def _delay(self) -> float:
        """Hours: mostly within the day, sometimes within the week."""
        return min(self._chance.expovariate(1 / 14), 150)

    def _at(self, hours: float) -> datetime:
        return self._begins + timedelta(hours=hours * self._chance.random())

    def _outlet(self) -> str:
        return f"{self._language}-{self._chance.randrange(40)}"

    def _number(self) -> str:
        return str(self._chance.randint(2, 990))

    def _name(self) -> str:
        return f"{self._chance.choice(self._words['first'])} {self._chance.choice(self._words['last'])}"

    def _thing(self) -> str:
        """Return a thing: one in two has a name of its own, as in the news."""
        head, named = self._chance.choice(self._words["head"]), self._chance.random() < 0.5
        which = self._coined() if named else self._chance.choice(self._words["tail"])
        return f"{which} {head}" if self._language == "tr" else f"{head} {which}"

    def _coined(self) -> str:
        """Return a name unique to a story: two or three syllables, after the usual first word of such names."""
        name = "".join(self._chance.choices(self._words["syllable"], k=self._chance.randint(2, 3)))
        return self._words["named"][0].format(name.capitalize())

    def headline(self) -> str:
        return self._fill(self._chance.choice(self._words["headline"])).rstrip(".")

    def sentence(self) -> str:
        return self._fill(self._chance.choice(self._words["sentence"]))

    def dateline(self) -> str:
        return self._fill(self._words["dateline"][0])

    def word(self) -> str:
        return self._chance.choice(self._chance.choice(self._words["tail"]).split())

    def _fill(self, pattern: str, but: str = "") -> str:
        """A pattern with its slots filled, each from the story's own half of the time."""

        def value(slot: re.Match[str]) -> str:
            name = slot[1]
            if name == but:
                return slot[0]
            if name in self._cast and self._chance.random() < 0.5:
                return self._chance.choice(self._cast[name])
            return self._new(name)

        filled = _SLOT.sub(value, pattern)
        return filled[:1].upper() + filled[1:]

    def _new(self, name: str) -> str:
        made = {"person": self._name, "thing": self._thing, "n": self._number}
        if name in made:
            return made[name]()
        return self._chance.choice(_AGENCIES if name == "agency" else self._words[name])


Way = Callable[[Newsroom, random.Random, Piece], Piece]


def trim(_: Newsroom, chance: random.Random, piece: Piece) -> Piece:
    """The end is cut off, up to three fifths of it."""
    keep = max(2, round(len(piece.paragraphs) * chance.uniform(0.4, 0.9)))
    return replace(piece, paragraphs=piece.paragraphs[:keep])


def headline(newsroom: Newsroom, _: random.Random, piece: Piece) -> Piece:
    """Another headline."""
    return replace(piece, title=newsroom.headline())


def dateline(newsroom: Newsroom, _: random.Random, piece: Piece) -> Piece:
    """Another dateline and agency before the first words, and a credit after the last."""
    first, *rest = piece.paragraphs
    return replace(piece, paragraphs=(f"{newsroom.dateline()} - {first}", *rest, newsroom.dateline()))


def edit(newsroom: Newsroom, chance: random.Random, piece: Piece) -> Piece:
    """One word in 12 to 50 is another, is left out or stands twice; half of the time a sentence comes or goes."""
    rate = chance.uniform(0.02, 0.08)
    paragraphs = [_edited(newsroom, chance, paragraph, rate) for paragraph in piece.paragraphs]
    at = chance.randrange(len(paragraphs))
    if chance.random() < 0.25:
        paragraphs.insert(at, newsroom.sentence())
    elif chance.random() < 0.33 and len(paragraphs) > 4:
        del paragraphs[at]
    return replace(piece, paragraphs=tuple(paragraphs))


def _edited(newsroom: Newsroom, chance: random.Random, paragraph: str, rate: float) -> str:
    edited = []
    for word in paragraph.split():
        changed = chance.random() < rate
        edited += [word] if not changed else chance.choice(([], [newsroom.word()], [newsroom.word(), word]))
    return " ".join(edited)


def letters(_: Newsroom, chance: random.Random, piece: Piece) -> Piece:
    """The same words in other letters."""
    spell = _arabic if piece.language == "ar" else _latin
    return replace(
        piece, title=spell(chance, piece.title), paragraphs=tuple(spell(chance, each) for each in piece.paragraphs)
    )


def _arabic(chance: random.Random, text: str) -> str:
    """Without hamzas, with Persian yeh and kaf or a final yeh without dots, here and there with harakat and tatweel."""
    table = str.maketrans("أإآؤئ", "اااوي") | str.maketrans(*chance.choice((("يك", "یک"), ("ىة", "يه"), ("يى", "ىى"))))
    marked = (
        letter + chance.choice("\u064b\u064e\u064f\u0650\u0651\u0640")
        if letter.isalpha() and chance.random() < 0.05
        else letter
        for letter in text.translate(table)
    )
    return "".join(marked)


def _latin(_: random.Random, text: str) -> str:
    """Without diacritics, and with the straight quotation marks of a telex."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return plain.translate(str.maketrans("ıİ’“”«»", 'iI\'""""'))


WAYS: tuple[Way, ...] = (trim, headline, dateline, edit, letters)


@cache
def words(language: str) -> Words:
    """Return the vocabulary of a language."""
    read = tomllib.loads((Path(__file__).parent / "words" / f"{language}.toml").read_text("utf-8"))
    return {name: [value] if isinstance(value, str) else value for name, value in read.items()}
