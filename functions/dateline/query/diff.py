"""Compare two revisions of a story, word by word.

Paragraphs are compared first, then the words of differing paragraphs (``alignment``). A word is the text between two
spaces, punctuation included.
"""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dateline.article import Article
from dateline.query.alignment import Aligner

_BREAK = "\n\n"  # paragraph break; compared like a word
_STYLE = (
    "body{max-width:44em;margin:2em auto;padding:0 1em;font:1.1em/1.6 serif}"
    "ins{background:#dafbe1;text-decoration:none}del{background:#ffebe9}small{color:#59636e}"
)


class Piece(NamedTuple):
    """Consecutive words, common to both revisions or in one of them only."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """From one revision to another: titles, dates of publication, and title and paragraphs in pieces."""

    titles: tuple[str, str]
    published_at: tuple[str | None, str | None]
    title: tuple[Piece, ...]
    paragraphs: tuple[tuple[Piece, ...], ...]

    @property
    def is_retitled(self) -> bool:
        return any(piece.kind != "same" for piece in self.title)

    @property
    def is_redated(self) -> bool:
        return self.published_at[0] != self.published_at[1]

    @property
    def added(self) -> int:
        """How many words were added, in title and text."""
        return self._words("added")

    @property
    def removed(self) -> int:
        return self._words("removed")

    def _words(self, kind: str) -> int:
        pieces = (piece for paragraph in (self.title, *self.paragraphs) for piece in paragraph)
        return sum(len(piece.text.split()) for piece in pieces if piece.kind == kind)


def between(before: Article, after: Article) -> Edit:
    """Return the changes from one revision of a story to another."""
    aligner = Aligner()
    return Edit(
        titles=(before.title, after.title),
        published_at=(before.published_at, after.published_at),
        title=tuple(_of_words(aligner, before.title.split(), after.title.split())),
        paragraphs=tuple(map(tuple, _of_texts(aligner, before.text.split(_BREAK), after.text.split(_BREAK)))),
    )


def _of_words(aligner: Aligner, before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    """Yield words in pieces, removed ones before their replacements."""
    for same, one, other in aligner.blocks(before, after):
        if same:
            yield Piece("same", " ".join(one))
            continue
        if one:
            yield Piece("removed", " ".join(one))
        if other:
            yield Piece("added", " ".join(other))


def _of_texts(aligner: Aligner, before: Sequence[str], after: Sequence[str]) -> Iterator[list[Piece]]:
    for same, one, other in aligner.blocks(before, after):
        if same:
            yield from ([Piece("same", paragraph)] for paragraph in one)
        elif one and other:
            yield from _parted(_of_words(aligner, _with_breaks(one), _with_breaks(other)))
        else:
            yield from ([Piece("removed" if one else "added", paragraph)] for paragraph in one or other)


def _with_breaks(paragraphs: Iterable[str]) -> list[str]:
    return [word for paragraph in paragraphs for word in (*paragraph.split(), _BREAK)]


def _parted(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield the paragraphs of the later revision; a paragraph split in two stays together."""
    paragraph: list[Piece] = []
    for kind, text in pieces:
        parts = [part.strip() for part in text.split(_BREAK)]
        for number, part in enumerate(parts):
            if number and kind != "removed":
                yield paragraph
                paragraph = []
            if part:
                paragraph.append(Piece(kind, part))
    if paragraph:
        yield paragraph


def as_html(change: Edit, before: Article, after: Article) -> str:
    """Return an HTML page of the changes; each paragraph follows the direction of its own letters."""
    shown = [
        "<!doctype html>",
        f'<html lang="{html.escape(after.language or "und")}"><head><meta charset="utf-8">',
        f"<title>{html.escape(after.title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1 dir="auto">{_marked(change.title)}</h1>',
        f"<p><small>{html.escape(after.url)}<br>{_told(before)}<br>{_told(after)}</small></p>",
        *(f'<p dir="auto">{_marked(paragraph)}</p>' for paragraph in change.paragraphs),
        "</body></html>",
    ]
    return "\n".join(shown) + "\n"


def _told(article: Article) -> str:
    said = f"revision {article.revision}, captured {article.captured_at}, published {article.published_at or 'undated'}"
    return html.escape(said)


def _marked(pieces: Iterable[Piece]) -> str:
    tags = {"same": "{}", "removed": "<del>{}</del>", "added": "<ins>{}</ins>"}
    return " ".join(tags[kind].format(html.escape(text)) for kind, text in pieces)
