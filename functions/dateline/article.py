"""The article, as kept for each revision of a story, and the outcomes of pages.

Field names follow schema.org NewsArticle where possible. An article is one JSON object on one line, its fields in the
order of the class. Instants are ISO 8601 with an offset; a day without a time is ``yyyy-mm-dd``.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Self

from dateline.normal_forms import nfc

SCHEMA = 1


class Outcome(StrEnum):
    """Outcome of a captured page; each page has exactly one."""

    ARCHIVED = "archived"
    UNCHANGED = "unchanged"  # the archive has these words of this page already
    NOT_ARTICLE = "not_article"
    DUPLICATE = "duplicate"  # the same page twice in one WARC file
    GONE = "gone"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Dateline:
    """Printed place of filing, such as ``TUNIS``. ``country`` is ISO 3166 alpha-2, lower case."""

    text: str
    place: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Place mentioned in a story: GeoNames id and name, and its country (ISO 3166 alpha-2, lower case)."""

    id: int
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Name:
    """A person or organisation that a story names: the register's id and name, and Wikidata's id where it is sure."""

    id: str
    name: str
    wikidata: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A photograph. ``url`` is empty for one known from a clipping only."""

    url: str
    caption: str | None = None
    credit: str | None = None


@dataclass(frozen=True, slots=True)
class Pointer:
    """One WARC record: read it with a range GET of ``length`` bytes at ``offset``."""

    bucket: str
    key: str
    offset: int
    length: int
    payload_digest: str | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Extractor:
    name: str
    version: str
    rules: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One revision of one story.

    ``published_at`` and ``modified_at`` are ISO 8601 with an offset, or a bare day if ``published_precision`` is
    ``day``; null if page, URL and feed item have no date. ``captured_at``, ``first_seen_at`` and ``indexed_at`` are UTC
    and end in ``Z``. ``revision``, ``first_seen_at``, ``indexed_at`` and ``capture`` are null before archiving.
    ``provenance`` maps fields to the rules behind them.
    """

    id: str
    url: str
    title: str
    text: str
    digest: str
    source: str | None = None
    outlet_country: str | None = None
    language: str | None = None
    declared_language: str | None = None
    standfirst: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    published_at: str | None = None
    modified_at: str | None = None
    published_precision: Literal["second", "minute", "day"] | None = None
    dateline: Dateline | None = None
    agencies: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    links: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    about: tuple[str, ...] = ()
    persons: tuple[Name, ...] = ()
    organisations: tuple[Name, ...] = ()
    paywalled: bool | None = None
    word_count: int = 0
    fingerprint: str | None = None
    cluster: str | None = None
    revision: int | None = None
    captured_at: str | None = None
    first_seen_at: str | None = None
    indexed_at: str | None = None
    capture: Pointer | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    extractor: Extractor | None = None
    schema: int = SCHEMA

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """One line, without its line end."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of ``to_dict`` after a round trip through JSON; TypeError names an unknown field."""
        nested = {"dateline": Dateline, "capture": Pointer, "extractor": Extractor}
        listed = {"images": Image, "places": Place, "persons": Name, "organisations": Name}
        read: dict[str, Any] = {}
        for name, value in values.items():
            if name in nested and value is not None:
                read[name] = nested[name](**value)
            elif name in listed:
                read[name] = tuple(listed[name](**each) for each in value)
            else:
                read[name] = tuple(value) if isinstance(value, list) else value
        return cls(**read)


class Extraction(NamedTuple):
    """Result of extraction: an article, or the reason for another outcome.

    ``rules_missed`` are fields with an extraction rule of the source that matched nothing.
    """

    outcome: Outcome
    article: Article | None = None
    reason: str | None = None
    rules_missed: tuple[str, ...] = ()


def content_digest(title: str, text: str) -> str:
    """sha256 (hex) of title and text: the identity of the words, blind to white space and Unicode composition."""
    words = " ".join(nfc(" ".join(f"{title}\n{text}".split())).split())
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
