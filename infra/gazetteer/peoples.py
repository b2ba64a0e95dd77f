"""Adjectives of countries and peoples in four languages, in their forms."""

from collections.abc import Iterator

from dateline.places.normalize import spelled


def forms(language: str, word: str) -> Iterator[str]:
    """The forms of an adjective, ``spelled``; ``word`` is as the table has it, in the masculine singular."""
    inflected = {"en": _english, "fr": _french, "ar": _arabic, "tr": _turkish}[language]
    yield from map(spelled, inflected(word))


def _english(word: str) -> Iterator[str]:
    yield word
    if not word.endswith(("ese", "ish", "ch", "ss", "men")):
        yield f"{word}s"


def _french(word: str) -> Iterator[str]:
    """In small letters, and in capitals for people and at the start of sentences."""
    feminine = f"{word}ne" if word.endswith("en") else word if word.endswith(("e", "c", "è")) else f"{word}e"
    for form in dict.fromkeys((word, feminine)):
        plural = form if form.endswith("s") else f"{form}s"
        yield from (form, plural, form.capitalize(), plural.capitalize())


def _arabic(word: str) -> Iterator[str]:
    """Without the article, a prefix in the search."""
    yield from (word, f"{word}ة", f"{word}ين", f"{word}ون", f"{word}ات")


def _turkish(word: str) -> Iterator[str]:
    """With the plural's endings, added to adjectives without an apostrophe."""
    last = next(letter for letter in reversed(word) if letter in "aıoueiöü")
    plural = f"{word}lar" if last in "aıou" else f"{word}ler"
    ending = "ın" if last in "aıou" else "in"
    yield from (word, plural, plural + ending, plural + ending[0], f"{plural}{'a' if last in 'aıou' else 'e'}")
