"""Stories as files: the publications of an outlet by edition, and so the expected contents of the archive."""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from dateline.article import Dateline, Image

_LINK = re.compile(r"\[([^]]+)\]\((https?://[^)]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story in one edition. Fields in common with an article have the names and shapes of ``dateline.article``.

    ``published_at`` and ``modified_at`` are aware. ``body`` is the paragraphs as written, links as ``[text](URL)``.
    ``printed_dateline`` precedes the first of them: ``TRIPOLI, Libya (Reuters) -``.

    The rest describes its delivery: ``path`` if it differs from the outlet's pattern, ``moved_from`` an old path in the
    feed with a redirect, ``status`` other than 200 for a removed story, ``listed`` for a story in the feed, ``gzipped``
    and ``chunked`` its encodings. ``url`` is known once the outlet has a port.
    """

    slug: str
    title: str
    section: str
    published_at: datetime
    body: tuple[str, ...]
    standfirst: str | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    modified_at: datetime | None = None
    dateline: Dateline | None = None
    printed_dateline: str | None = None
    agencies: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    language: str = ""
    path: str = ""
    url: str = ""
    moved_from: str | None = None
    status: int = 200
    listed: bool = True
    gzipped: bool = False
    chunked: bool = False

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The words of each paragraph, as a reader sees them."""
        return tuple(_LINK.sub(r"\1", paragraph) for paragraph in self.body)

    @property
    def text(self) -> str:
        """``Article.text`` of this story."""
        return "\n\n".join(self.paragraphs)

    @property
    def links(self) -> tuple[str, ...]:
        """The story's own outward links."""
        return tuple(url for paragraph in self.body for _, url in _LINK.findall(paragraph))

    @property
    def updated_at(self) -> datetime:
        return self.modified_at or self.published_at

    @classmethod
    def read(cls, path: Path, edition: int) -> Self:
        """Read a story's file for an ``edition``. Raises ValueError with the file and the problem."""
        values = tomllib.loads(path.read_text("utf-8"))
        later: dict[str, dict[str, Any]] = values.pop("edition", {})
        for number in sorted(later, key=int):
            if int(number) <= edition:
                values |= later[number]
        try:
            return cls(slug=path.stem, **_typed(values))
        except (TypeError, KeyError) as error:
            raise ValueError(f"{path}: {error}") from error


def linked(paragraph: str) -> list[tuple[str, str | None]]:
    """A paragraph as (text, link or None) pieces, for a template to set."""
    pieces: list[tuple[str, str | None]] = []
    end = 0
    for match in _LINK.finditer(paragraph):
        pieces += [(paragraph[end : match.start()], None), (match[1], match[2])]
        end = match.end()
    return [*pieces, (paragraph[end:], None)]


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """A file's values as the fields of a story; ``text`` is paragraphs with a blank line between them."""
    paragraphs = re.split(r"\n\s*\n", values.pop("text").strip())
    typed = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    typed["body"] = tuple(" ".join(paragraph.split()) for paragraph in paragraphs)
    typed["images"] = tuple(Image(**image) for image in values.get("images", ()))
    if "dateline" in values:
        typed["dateline"] = Dateline(**values["dateline"])
    return typed
