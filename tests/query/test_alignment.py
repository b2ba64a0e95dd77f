"""Alignment of two revisions' words: complete in every case, exact for stories, and bounded for hostile ones."""

import itertools
import random
import time
from collections.abc import Sequence

import pytest

from dateline.query.alignment import Aligner, Block

WORDS = ("ferry", "سفينة", "bac", "feribot", "a")


def whole(blocks: Sequence[Block]) -> tuple[list[str], list[str]]:
    return [word for block in blocks for word in block.before], [word for block in blocks for word in block.after]


@pytest.mark.parametrize("compared", [0, 30, 4_000_000])
@pytest.mark.parametrize("seed", range(20))
def test_blocks_give_both_back(seed: int, compared: int) -> None:
    """Whatever it may cost; equal blocks are equal, and no two of a kind follow each other."""
    chance = random.Random(seed)
    words = [*WORDS, *map(str, range(chance.choice((0, 100))))]
    before = chance.choices(words, k=chance.randrange(60))
    after = [chance.choice(words) if chance.random() < 0.2 else word for word in before[chance.randrange(5) :]]
    blocks = list(Aligner(compared).blocks(before, after))
    assert whole(blocks) == (before, after)
    assert all(list(block.before) == list(block.after) for block in blocks if block.is_same)
    assert all(one.is_same != other.is_same for one, other in itertools.pairwise(blocks))


def test_long_text_keeps_its_words() -> None:
    """Of 20,000 words with ten edits all others are found equal, by the words that stand there once."""
    before = [f"{n}" if n % 3 else WORDS[n % 5] for n in range(20_000)]
    after = [*before]
    for at in range(1_000, 20_000, 2_000):
        after[at : at + 2] = ["new", "words", "here"]
    blocks = list(Aligner().blocks(before, after))
    assert sum(len(block.before) for block in blocks if block.is_same) == 20_000 - 20
    assert whole(blocks) == (before, after)


def pages_of(kind: str, count: int) -> tuple[list[str], list[str]]:
    chance = random.Random(1)
    match kind:
        case "one word":
            return ["a"] * count, ["b", *["a"] * count]
        case "two words":
            return chance.choices("ab", k=count), chance.choices("ab", k=count)
        case "every second":
            return [f"{n}" if n % 2 else "x" for n in range(count)], [f"{n}" if n % 2 else "y" for n in range(count)]
        case _:
            return [*map(str, range(count))], [*map(str, reversed(range(count)))]


@pytest.mark.parametrize("kind", ["one word", "two words", "every second", "reversed"])
def test_hostile_words_take_bounded_time(kind: str) -> None:
    """100,000 words are compared within seconds of CPU, where difflib needs an hour."""
    before, after = pages_of(kind, 100_000)
    began = time.process_time()
    assert whole(list(Aligner().blocks(before, after))) == (before, after)
    assert time.process_time() - began < 20
