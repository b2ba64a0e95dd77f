"""Known-item search: ``python -m infra.bench.known_items PAGES.jsonl.gz ...`` prints ranks of wanted stories.

Each line of a file is a page with a ``truth`` of title, text and language. All stories are indexed together; then each
is searched for by its headline, by some words of its headline, and by some words of its text. The measure is the mean
reciprocal rank in each language (TREC's for a single right answer).
"""

import gzip
import io
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from botocore.exceptions import ClientError

from dateline import keys
from dateline.article import Article, content_digest
from dateline.extraction.fields import language
from dateline.names import named
from dateline.places import placed
from dateline.search import manifest, shard
from dateline.search.analysis import terms
from dateline.search.cache import Cache
from dateline.search.find import Search
from dateline.search.indexing import put
from dateline.search.schema import Entry

_WORDS = 6  # of a query of some words; readers type two to six
_LEAST_LETTERS = 4  # of them: shorter words are mostly everybody's
_DEPTH = 5  # ranks that are looked at
_FEWEST = 3  # stories of a language that a mean is made of


class MemoryS3:
    """As much of an S3 client as search uses, in memory."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803 - boto3's names
        self._objects[Key] = Body
        return {}

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
        id=keys.article_id(id),
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
        line, key = gzip.compress(article.to_json().encode(), mtime=0), f"{keys.ARTICLES}{article.id}"
        s3.put_object(Key=key, Body=line)
        item = {"title": article.title[:200], "article": {"key": key, "offset": 0, "length": len(line)}}
        item |= {name: getattr(article, name) for name in ("id", "url", "language", "captured_at", "first_seen_at")}
        entries.append(Entry.of(item, article))
    month = entries[0].month
    part = put(s3, "bench", month, shard.base(month, entries), base=True)
    manifest.update(s3, "bench", lambda there: there.adding({month: part}))
    return Search(s3, "bench", Cache(folder))


def queries(article: Article, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield what a reader may type to find a story again, each with its kind."""
    yield "headline", article.title
    yield "headline words", _some_words(article.title, chance)
    yield "text words", _some_words(article.text, chance)


def _some_words(text: str, chance: random.Random) -> str:
    words = [text[term.start : term.end] for term in terms(text)]
    long = list(dict.fromkeys(word for word in words if len(word) >= _LEAST_LETTERS)) or words
    return " ".join(chance.sample(long, min(_WORDS, len(long))))


def rank(search: Search, query: str, article: Article) -> float:
    """Return the reciprocal of a story's rank, or 0; another story with its headline is as good."""
    hits = search.find(" ".join(query.replace('"', " ").replace(":", " ").split()[:60]), limit=_DEPTH).hits
    return next((1 / place for place, hit in enumerate(hits, 1) if hit.story["title"] == article.title[:200]), 0.0)


def main(paths: Sequence[str]) -> None:
    found = list({article.id: article for article in articles([Path(path) for path in paths])}.values())
    chance, ranks = random.Random(1), defaultdict[tuple[str, str], list[float]](list)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        search = index(MemoryS3(), found, Path(folder))
        spent = time.process_time() - begun
        for article in found:
            for kind, query in queries(article, chance):
                ranks[article.language or "und", kind].append(rank(search, query, article))
    print(f"{len(found)} stories, {1000 * spent / len(found):.1f} ms of CPU each to index")
    for (code, kind), each in sorted(ranks.items()):
        if len(each) >= _FEWEST:
            print(f"{code:5} {kind:15} {len(each):5} {mean(each):.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
