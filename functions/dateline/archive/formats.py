"""Articles and outcomes objects as bytes: JSON lines in gzip, the same bytes for the same contents."""

import dataclasses
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any

from dateline.article import Article, Outcome
from dateline.outcomes import PageOutcome, Stored

_FIELDS = {field.name for field in dataclasses.fields(PageOutcome)}
_ADDED = ("digest", "published_at", "former_ids")  # to the fields of outcomes, in November 2026


def read_articles(data: bytes) -> list[Stored]:
    """The articles of an articles object, each with its gzip member's place."""
    found = []
    start = 0
    while start < len(data):
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        line = decoder.decompress(data[start:])
        length = len(data) - start - len(decoder.unused_data)
        found.append(Stored(Article.from_dict(json.loads(line)), start, length))
        start += length
    return found


def read_outcomes(data: bytes) -> list[PageOutcome]:
    """The lines of an outcomes object."""
    return [_page_outcome(json.loads(line)) for line in gzip.decompress(data).splitlines()]


def write_articles(articles: Iterable[Article]) -> bytes:
    """An articles object: a line and a gzip member for each."""
    return b"".join(_member(article.to_json() + "\n") for article in articles)


def write_outcomes(outcomes: Iterable[PageOutcome]) -> bytes:
    """An outcomes object."""
    return _member("".join(json.dumps(_line(page), ensure_ascii=False) + "\n" for page in outcomes))


def content_name(articles: bytes) -> str | None:
    """The name of an articles object: 12 hex digits of its sha256; None for no articles."""
    return hashlib.sha256(articles).hexdigest()[:12] if articles else None


def _page_outcome(values: dict[str, Any]) -> PageOutcome:
    """An outcome; without what a later version of Dateline may have added."""
    values = {name: value for name, value in values.items() if name in _FIELDS}
    lists = {name: tuple(values.get(name, ())) for name in ("rules_missed", "former_ids")}
    return PageOutcome(**values | lists | {"outcome": Outcome(values["outcome"])})


def _line(page: PageOutcome) -> dict[str, Any]:
    """The line of a page; versions before November 2026 read no unknown names, so these are left out where empty."""
    return {name: value for name, value in dataclasses.asdict(page).items() if value or name not in _ADDED}


def _member(text: str) -> bytes:
    """One gzip member without a clock in it."""
    return gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)
