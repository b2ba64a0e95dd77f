"""Query language of the search: words, phrases, exclusions, fields and dates.

    "armed clashes" Tripoli -football title:ceasefire source:libya-herald since:2019-04-01

All words are required. Quotation marks of any kind make a phrase, and a mark without its partner is a space; a hyphen
before a word excludes it. ``title:`` and ``author:`` take words, ``source:``, ``country:`` and ``language:`` a code,
``about:`` a country (``ly``), ``place:`` and ``person:`` a name in any spelling or an id; ``date:``, ``since:`` and
``until:`` a day or a month. A name outside the register, of two parts or more, also finds spellings with the same
consonants, in any script.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

FIELDS = ("title", "author", "source", "country", "language", "about", "place", "person", "date", "since", "until")
_DATES = ("date", "since", "until")
_QUOTED = '"(?P<straight>[^"]*)"|[“„](?P<curved>[^”“]*)[”“]|«(?P<angled>[^»]*)»'
_CLAUSE = re.compile(rf"(?P<not>(?<!\S)[-−])?(?:(?P<field>[a-z]+):)?(?:{_QUOTED}|(?P<word>[^\s\"“”„«»]+))")
_MONTH, _DAY = re.compile(r"(\d{4})-(\d\d)"), re.compile(r"\d{4}-\d\d-\d\d")
_MOST_CLAUSES = 64  # of a query; a longer one is a text


class QueryError(ValueError):
    """An invalid query; the message describes the problem."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A required or excluded word or phrase; ``field`` is empty for the whole story."""

    text: str
    field: str = ""
    phrase: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query; ``since`` and ``until`` are days of publication in UTC, both included."""

    clauses: tuple[Clause, ...] = ()
    since: date | None = None
    until: date | None = None


def parse(query: str) -> Parsed:
    """Read a query; QueryError if a date is none, or if there is no end of it."""
    since: date | None = None
    until: date | None = None
    clauses = []
    for clause in _clauses(query):
        if clause.field not in _DATES:
            clauses.append(clause)
            continue
        first, last = _days(clause)
        if clause.field in {"date", "since"}:
            since = max(first, since or first)
        if clause.field in {"date", "until"}:
            until = min(last, until or last)
    if len(clauses) > _MOST_CLAUSES:
        raise QueryError(f"the query has {len(clauses)} words; {_MOST_CLAUSES} are the most")
    return Parsed(tuple(clauses), since, until)


def is_unpaired(query: str) -> bool:
    """Return whether a quotation mark has no partner, and so makes no phrase."""
    return re.search('["“”„«»]', re.sub(_QUOTED, " ", query)) is not None


def _clauses(query: str) -> Iterator[Clause]:
    for match in _CLAUSE.finditer(query):
        quoted = next((match[kind] for kind in ("straight", "curved", "angled") if match[kind] is not None), None)
        text = match["word"] if quoted is None else quoted
        field = match["field"] or ""
        if field and field not in FIELDS:
            field, text = "", f"{field} {text}"  # a word with a colon behind it
        if text.strip():
            yield Clause(text, field, phrase=quoted is not None, excluded=match["not"] is not None)


def _days(clause: Clause) -> tuple[date, date]:
    """The first and the last day of a day or a month."""
    try:
        if _DAY.fullmatch(clause.text):
            return (day := date.fromisoformat(clause.text)), day
        if match := _MONTH.fullmatch(clause.text):
            year, month = map(int, match.groups())
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    except ValueError:
        pass
    raise QueryError(f"{clause.field}:{clause.text} is no date; write a day, 2019-04-16, or a month, 2019-04")
