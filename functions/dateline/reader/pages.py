"""The reading room's pages: templates in the interface's language, with every value escaped."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from minijinja import Environment

from dateline.reader.asked import LANGUAGES, Asked, Language

_NAMES: dict[Language, str] = {"en": "English", "fr": "Français", "ar": "العربية"}
_FLAGGED = ("silent", "low", "high", "feeds", "unread")
_STEPS = 4  # shades of days with stories


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
        languages=[(code, _NAMES[code], _other(asked, code)) for code in LANGUAGES],
        style=f"/style.css?{_style_digest()}",
        t=lambda key: told[key][language],
        **values,
    )


def coverage(asked: Asked, reports: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return the heat map of coverage reports by day."""
    by_source: dict[str, dict[str, dict[str, Any]]] = {}
    for day, rows in reports.items():
        for row in rows:
            by_source.setdefault(row["source"], {})[day] = row
    most = max((row.get("archived", 0) for rows in reports.values() for row in rows), default=0)
    grid = [(source, [_cell(found.get(day), most) for day in reports]) for source, found in sorted(by_source.items())]
    return render("coverage", asked, days=list(reports), grid=grid)


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return files(__package__).joinpath("style.css").read_text("utf-8")


@cache
def words() -> Mapping[str, Mapping[Language, str]]:
    """The interface's words by key and language, from words.tsv."""
    first, *lines = files(__package__).joinpath("words.tsv").read_text("utf-8").splitlines()
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
    environment = Environment(loader=load, undefined_behavior="strict")
    environment.add_filter("day", lambda instant: (instant or "")[:10])
    return environment


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
