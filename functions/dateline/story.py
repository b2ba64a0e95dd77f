"""A story without its words: metadata of its newest revision, and the locations of article and capture.

``Story`` is the output of ``dateline query --json``, ``dateline show --json`` and ``dateline.Archive``; ``StoryItem``
is the index item behind it.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self, TypedDict

Precision = Literal["second", "minute", "day"]


class ItemPointer(TypedDict):
    """Location of a gzip member, as in an index item."""

    key: str
    offset: Decimal
    length: Decimal


class StoryItem(TypedDict, total=False):
    """Index item of a story or of one of its revisions (``keys.item_keys``); attributes without a value are absent.

    A withdrawn story has ``withdrawn_at`` and ``reason`` and little else.
    """

    PK: str
    SK: str
    id: str
    url: str
    title: str
    source: str
    outlet_country: str
    language: str
    published_at: str
    published_precision: Precision
    dateline: str
    places: list[Decimal]
    about: list[str]
    persons: list[str]
    organisations: list[str]
    captured_at: str
    first_seen_at: str
    indexed_at: str
    revision: Decimal
    digest: str
    cluster: str
    gone_at: str
    article: ItemPointer
    capture: ItemPointer
    withdrawn_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Location:
    """A gzip member of an S3 object: read it with a range GET of ``length`` bytes at ``offset``."""

    key: str
    offset: int
    length: int

    @classmethod
    def from_item(cls, pointer: ItemPointer) -> Self:
        """Read the pointer of an index item."""
        return cls(pointer["key"], int(pointer["offset"]), int(pointer["length"]))

    def to_item(self) -> ItemPointer:
        """Return the pointer as an index item has it."""
        return {"key": self.key, "offset": Decimal(self.offset), "length": Decimal(self.length)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story, or one of its revisions, without its words.

    ``title`` has the first 200 characters, or fewer where the item would be larger than a kilobyte. ``published_at`` is
    ISO 8601 with an offset, or a bare day if ``published_precision`` is ``day``; None for undated stories. The other
    instants are UTC and end in ``Z``. Countries are ISO 3166 alpha-2 in lower case, ``language`` is BCP 47, ``places``
    are GeoNames ids; ``persons`` and ``organisations`` are ids of the register of names. ``article`` is in the archive
    bucket, ``capture`` in the capture bucket. ``gone_at`` is the time of its last missing page (404 or 410).
    ``cluster`` is the id of the first of its copies; None for a past revision.
    """

    id: str
    url: str
    title: str
    article: Location
    source: str | None = None
    outlet_country: str | None = None
    language: str | None = None
    published_at: str | None = None
    published_precision: Precision | None = None
    dateline: str | None = None
    places: tuple[int, ...] = ()
    about: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    captured_at: str
    first_seen_at: str
    indexed_at: str
    gone_at: str | None = None
    revision: int
    digest: str
    cluster: str | None = None
    capture: Location | None = None

    @property
    def cursor(self) -> str:
        """The cursor to continue from after this story: ``Archive.changes(since=cursor)``."""
        return f"{self.indexed_at}#{self.id}"

    @classmethod
    def from_item(cls, item: StoryItem) -> Self:
        """Read an index item; KeyError if the story was withdrawn."""
        return cls(
            id=item["id"],
            url=item["url"],
            title=item["title"],
            article=Location.from_item(item["article"]),
            source=item.get("source"),
            outlet_country=item.get("outlet_country"),
            language=item.get("language"),
            published_at=item.get("published_at"),
            published_precision=item.get("published_precision"),
            dateline=item.get("dateline"),
            places=tuple(int(place) for place in item.get("places", ())),
            about=tuple(item.get("about", ())),
            persons=tuple(item.get("persons", ())),
            organisations=tuple(item.get("organisations", ())),
            captured_at=item["captured_at"],
            first_seen_at=item["first_seen_at"],
            indexed_at=item["indexed_at"],
            gone_at=item.get("gone_at"),
            revision=int(item["revision"]),
            digest=item["digest"],
            cluster=item.get("cluster"),
            capture=Location.from_item(item["capture"]) if "capture" in item else None,
        )

    def to_dict(self) -> Mapping[str, object]:
        """Return the fields in JSON types, in the order of the class; unknown values are None."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Return one line of JSON, without its line end."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))
