"""Known-item search: ``python -m infra.bench.answers.known_items PAGES.jsonl.gz ...`` prints ranks of wanted stories.

Each line of a file is a page with a ``truth`` of title, text and language. All stories are indexed together; then each
is searched for by its headline, by words of its headline as they are and as they are typed (without marks, capitals
and the Arabic article), and by words of its text. The measure is the mean reciprocal rank in each language (TREC's for
a single right answer).

Words are drawn at random, six of them, whatever they say. A query names an item only if no other story has all its
words: where another one has, a word is added until it has not, as a reader would. The share of queries for which six
words suffice is printed beside, and the rank of six words whether they suffice or not.
"""

import gzip
import io
import json
import random
import re
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from dateline.article import Article, content_digest
from dateline.extraction.fields import language
from dateline.keys import identifiers, object_keys
from dateline.names import named
from dateline.places import placed
from dateline.search.analysis.terms import terms
from dateline.search.index import manifest, part_file
from dateline.search.index.cache import Cache
from dateline.search.index.indexing import put
from dateline.search.index.schema import Entry
from dateline.search.query.find import Search

_WORDS = 6  # of a query of some words, at least; readers type two to six
_LEAST_LETTERS = 4  # of the first words: shorter ones are mostly everybody's
_DEPTH = 5  # ranks that are looked at
_FEWEST = 3  # stories of a language that a mean is made of
_MARKS = re.compile("[\u0300-\u036f\u064b-\u0655]")  # of Latin and Arabic letters
_ARTICLE = re.compile(r"\bال(?=\w{3})")


class MemoryS3:
    """As much of an S3 client as search uses, in memory."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803 - boto3's names
        self._objects[Key] = Body
        return {"ETag": "x"}

    def get_object(self, *, Key: str, Range: str | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        if Key not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        body = self._objects[Key]
        if Range:
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            body = body[first : last + 1]
        return {"Body": io.BytesIO(body), "ETag": "x"}


def articles(paths: Sequence[Path]) -> Iterator[Article]:
    """Yield the labelled stories with a headline and a text."""
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for page in map(json.loads, lines):
                truth = page["truth"]
                if truth.get("title") and truth.get("text"):
                    yield _article(page["id"], truth)


def _article(id: str, truth: Mapping[str, Any]) -> Article:
    title, text = truth["title"], truth["text"]
    article = Article(
        id=identifiers.article_id(id),
        url=id,
        title=title,
        text=text,
        digest=content_digest(title, text),
        language=truth.get("language") or _spoken(f"{title}\n{text}"),
        captured_at="2026-01-01T00:00:00.000Z",
        first_seen_at="2026-01-01T00:00:00.000Z",
    )
    return named(placed(article))


def _spoken(text: str) -> str | None:
    found = language.spoken(text, None)
    return found.value if found else None


def index(s3: Any, found: Sequence[Article], folder: Path) -> Search:
    """Index the stories as one base, and return the search of them."""
    entries = []
    for article in found:
        line, key = gzip.compress(article.to_json().encode(), mtime=0), f"{object_keys.ARTICLES}{article.id}"
        s3.put_object(Key=key, Body=line)
        item = {"title": article.title[:200], "article": {"key": key, "offset": 0, "length": len(line)}}
        item |= {name: getattr(article, name) for name in ("id", "url", "language", "captured_at", "first_seen_at")}
        entries.append(Entry.of(item, article))
    month = entries[0].month
    part = put(s3, "bench", month, part_file.base(month, entries), base=True)
    manifest.update(s3, "bench", lambda there: there.adding({month: part}))
    return Search(s3, "bench", Cache(folder))


class Ranks(NamedTuple):
    """Reciprocal ranks of a query, and of its short form; whether they are one."""

    query: float
    sufficed: bool
    short: float


class Asked(NamedTuple):
    """A query for a story: with the least number of words, and with as many as tell the story from all others."""

    kind: str
    short: str
    query: str


class Reader:
    """Draws queries for stories, and knows which words tell them apart; stories of one headline are one item."""

    def __init__(self, found: Sequence[Article], chance: random.Random) -> None:
        self._chance = chance
        self._headlines = {headline(article): _exact(article.title) for article in found}
        self._stories = {headline(article): _exact(f"{article.title}\n{article.text}") for article in found}

    def queries(self, article: Article) -> Iterator[Asked]:
        """Yield what a reader may type to find a story again."""
        yield Asked("headline", article.title, article.title)
        words = self._asked("headline words", article, article.title, self._headlines)
        yield words
        yield Asked("as typed", plainly(words.short), plainly(words.query))
        yield self._asked("text words", article, article.text, self._stories)

    def _asked(self, kind: str, article: Article, text: str, known: Mapping[str, frozenset[str]]) -> Asked:
        words = _drawn(text, self._chance)
        others = [there for other, there in known.items() if other != headline(article)]
        count = min(_WORDS, len(words))
        while count < len(words) and any(_exact(" ".join(words[:count])) <= there for there in others):
            count += 1
        return Asked(kind, " ".join(words[:_WORDS]), " ".join(words[:count]))


def headline(article: Article) -> str:
    """The headline as results show it."""
    return article.title[:200]


def plainly(words: str) -> str:
    """Words as somebody types them in a hurry: in small letters, without marks and the Arabic article."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", words.lower()))
    return _ARTICLE.sub("", unicodedata.normalize("NFC", bare))


def _drawn(text: str, chance: random.Random) -> list[str]:
    """The words of a text, once each, in an order of chance, the longer ones first."""
    words = list(dict.fromkeys(text[term.start : term.end] for term in terms(text)))
    return sorted(chance.sample(words, len(words)), key=lambda word: len(word) < _LEAST_LETTERS)


def _exact(text: str) -> frozenset[str]:
    return frozenset(term.exact for term in terms(text))


def rank(search: Search, query: str, article: Article) -> float:
    """Return the reciprocal of a story's rank, or 0; another story with its headline is as good."""
    hits = search.find(" ".join(query.replace('"', " ").replace(":", " ").split()[:60]), limit=_DEPTH).hits
    return next((1 / place for place, hit in enumerate(hits, 1) if hit.story["title"] == headline(article)), 0.0)


def _ranks(search: Search, asked: Asked, article: Article) -> Ranks:
    told, sufficed = rank(search, asked.query, article), asked.query == asked.short
    return Ranks(told, sufficed, told if sufficed else rank(search, asked.short, article))


def main(paths: Sequence[str]) -> None:
    found = list({article.id: article for article in articles([Path(path) for path in paths])}.values())
    reader = Reader(found, random.Random(1))  # noqa: S311
    ranks = defaultdict[tuple[str, str], list[Ranks]](list)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        search = index(MemoryS3(), found, Path(folder))
        spent = time.process_time() - begun
        for article in found:
            for asked in reader.queries(article):
                ranks[article.language or "und", asked.kind].append(_ranks(search, asked, article))
    print(f"{len(found)} stories, {1000 * spent / len(found):.1f} ms of CPU each to index")
    print("language, kind of query, queries: rank; share that few words sufficed for, rank of few words all the same")
    for (code, kind), each in sorted(ranks.items()):
        if len(each) >= _FEWEST:
            told, sufficed, few = map(mean, zip(*each, strict=True))
            print(f"{code:5} {kind:15} {len(each):5} {told:.3f}   {sufficed:.2f} {few:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
