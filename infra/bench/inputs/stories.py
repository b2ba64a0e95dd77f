"""Made-up articles as the archive has them, always the same: two years of six countries' outlets."""

import random
from calendar import monthrange
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

from dateline.article import Article, Extractor, Pointer
from dateline.keys import identifiers
from dateline.keys.object_keys import Stem

OUTLETS = {"ly": ("en", "ar"), "tn": ("fr", "ar"), "eg": ("ar", "en"), "dz": ("fr", "ar"), "ma": ("fr",), "sd": ("ar",)}
MONTHS = [f"{year}-{month:02}" for year, month in product((2018, 2019), range(1, 13))]
_LETTERS = {"ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "en": "abcdefghiklmnoprstuvwy", "fr": "abcdéefghijlmnoèpqrstuvà"}
_WORDS = 50_000
_LENGTHS = 600, 3000  # characters of a text
_SEEN = "2019-12-31T23:00:00.000Z"
_FORM = Article(
    id="",
    url="",
    title="",
    text="",
    digest="",
    published_precision="second",
    revision=1,
    captured_at=_SEEN,
    first_seen_at=_SEEN,
    indexed_at=_SEEN,
    capture=Pointer("captures", Stem("sample", "20191231T230000Z-sample", 0).capture, 512, 30_000),
    provenance={"title": "jsonld.headline", "text": "vote", "published_at": "jsonld.datePublished"},
    extractor=Extractor("dateline", "0.1.0", "1"),
).to_dict()


def stories(country: str, month: str, count: int) -> Iterator[dict[str, Any]]:
    """So many articles of a country's outlets, published in a month, in JSON types; one in two is about another too."""
    chance = random.Random(f"{country} {month}")  # noqa: S311 - always the same, not a secret
    days = monthrange(int(month[:4]), int(month[5:]))[1]
    for number in range(count):
        language = chance.choice(OUTLETS[country])
        start, length = chance.randrange(_WORDS), chance.randint(*_LENGTHS)
        text = _words(language)[start : start + length]
        url = f"https://{language}.{country}.example/{month}/{number}"
        yield _FORM | {
            "id": identifiers.article_id(url),
            "url": url,
            "title": text[:60],
            "text": text,
            "digest": f"{chance.getrandbits(256):064x}",
            "source": f"{country}-{language}",
            "outlet_country": country,
            "language": language,
            "published_at": f"{month}-{chance.randint(1, days):02}T{chance.randrange(2, 24):02}:30:00+02:00",
            "about": list(dict.fromkeys([country, *chance.choices(list(OUTLETS), k=chance.randint(0, 1))])),
            "word_count": text.count(" ") + 1,
        }


@cache
def _words(language: str) -> str:
    """Text to cut articles from."""
    chance = random.Random(language)  # noqa: S311 - as above
    return " ".join("".join(chance.choices(_LETTERS[language], k=chance.randint(2, 9))) for _ in range(_WORDS))
