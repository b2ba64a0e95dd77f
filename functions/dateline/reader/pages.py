"""The reading room's pages: templates in the interface's language, with every value escaped."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from minijinja import Environment

from dateline.query.diff import Edit, Piece
from dateline.reader import dates
from dateline.reader.request import LANGUAGES, Asked, Language

_NAMES: dict[Language, str] = {"en": "English", "fr": "Français", "ar": "العربية"}
_FLAGGED = ("silent", "low", "high", "feeds", "unread")
_STEPS = 4  # shades of days with stories
_EXCERPTS, _AROUND = 2, 12  # changed paragraphs of an edit in a list, and the words around a change
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='6' fill='%239c2f12'/%3E%3Cpath d='M8 9h16M8 15h16M8 21h9' stroke='%23fff' stroke-width='3'/%3E%3C/svg%3E"
)


@dataclass(frozen=True, slots=True)
class Excerpts:
    """An edit in a list: numbers of words, whether the title changed, and title and changed paragraphs in pieces."""

    added: int
    removed: int
    titled: bool
    title: tuple[Piece, ...]
    excerpts: tuple[tuple[Piece, ...], ...]


class CurrentRequest(Protocol):
    """Returns the request that is being answered."""

    def __call__(self) -> Asked: ...


def render(template: str, asked: Asked, **values: Any) -> str:
    """Return a page: a template of this package with the request's language and links."""
    told = words()
    language = asked.language
    return _environment().render_template(
        f"{template}.html",
        asked=asked,
        language=language,
        direction="rtl" if language == "ar" else "ltr",
        icon=_ICON,
        day=lambda stated: dates.day(stated, language),
        month=lambda stated: dates.month(stated, language),
        when=lambda stated: dates.instant(stated, language),
        label_of=lambda kind, code: label(kind, code, language),
        languages=[(code, _NAMES[code], _other(asked, code)) for code in LANGUAGES],
        style=f"/style.css?{_style_digest()}",
        t=lambda key: told[key][language],
        **values,
    )


def excerpts(edit: Edit) -> Excerpts:
    """Return an edit as a list shows it: the changed title, and the first changed paragraphs around their changes."""
    changed = [pieces for pieces in edit.paragraphs if any(piece.kind != "same" for piece in pieces)]
    shown = tuple(tuple(_cut(pieces)) for pieces in changed[:_EXCERPTS])
    return Excerpts(edit.added, edit.removed, edit.is_retitled, edit.title, shown)


def coverage(asked: Asked, reports: Mapping[str, list[dict[str, Any]]], outlet: Callable[[str], str]) -> str:
    """Return the heat map of coverage reports by day."""
    by_source: dict[str, dict[str, dict[str, Any]]] = {}
    for day, rows in reports.items():
        for row in rows:
            by_source.setdefault(row["source"], {})[day] = row
    most = max((row.get("archived", 0) for rows in reports.values() for row in rows), default=0)
    grid = [(source, [_cell(found.get(day), most) for day in reports]) for source, found in sorted(by_source.items())]
    return render("coverage", asked, days=list(reports), grid=grid, outlet=outlet)


def label(kind: str, code: str, language: Language) -> str:
    """Return the name of a country or a language (``kind``) in the interface's language, or its code."""
    named = _labels().get((kind, code.partition("-")[0].lower()))
    return named[language] if named else code


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return files(__package__).joinpath("style.css").read_text("utf-8")


@cache
def _labels() -> Mapping[tuple[str, str], Mapping[Language, str]]:
    """Names of countries and languages by kind and code, from display_names.tsv (``infra.labels``)."""
    _, *lines = files(__package__).joinpath("display_names.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {(kind, code): dict(zip(LANGUAGES, names, strict=True)) for kind, code, *names in rows}


@cache
def words() -> Mapping[str, Mapping[Language, str]]:
    """The interface's words by key and language, from translations.tsv."""
    first, *lines = files(__package__).joinpath("translations.tsv").read_text("utf-8").splitlines()
    columns = first.split("\t")[1:]
    rows = (line.split("\t") for line in lines if line)
    return {
        key: {code: value for code in LANGUAGES for name, value in zip(columns, values, strict=True) if name == code}
        for key, *values in rows
    }


@cache
def _style_digest() -> str:
    """A name for the style sheet's content, so that browsers keep it until it changes."""
    return hashlib.sha256(style().encode()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    folder = files(__package__).joinpath("templates")
    load: Callable[[str], str] = lambda name: folder.joinpath(name).read_text("utf-8")  # noqa: E731
    return Environment(loader=load, undefined_behavior="strict")


def _cut(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces with what is far from a change left out."""
    for at, piece in enumerate(pieces):
        found, first, last = piece.text.split(), at == 0, at == len(pieces) - 1
        if piece.kind != "same" or len(found) <= 2 * _AROUND:
            yield piece
            continue
        before = "" if first else " ".join(found[:_AROUND])
        after = "" if last else " ".join(found[-_AROUND:])
        yield Piece("same", " … ".join((before, after)).strip() if before or after else "…")


def _cell(row: dict[str, Any] | None, most: int) -> tuple[str, str, str]:
    """A cell's class, its number and its flags."""
    if row is None:
        return "none", "", ""
    flags = [flag for flag in _FLAGGED if flag in row["flags"]]
    archived = row.get("archived", 0)
    kind = flags[0] if flags else f"level-{min(_STEPS, -(-_STEPS * archived // max(most, 1)))}"
    return kind, str(archived), ", ".join(flags)


def _other(asked: Asked, language: Language) -> str:
    """This page in another language of the interface."""
    return replace(asked, query=(*asked.query, ("lang", language))).changed()
