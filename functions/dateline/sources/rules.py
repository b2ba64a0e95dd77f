"""Rules of one source's pages, as its TOML file states them: where to find a field, and what is not the story's.

``[extract]``, or ``[[extract]]`` for several sets, one after another as the outlet was redesigned::

    [[extract]]
    valid_until = 2019-05-31                         # the last day (of the capture, UTC) that this set is for
    title = "h2.headline"

    [[extract]]                                      # without it: for all later captures
    authors = "p.signature b"                        # CSS, or XPath 1.0 if it begins with / or ./ or (
    published_at = ["//time/@datetime", "p.date"]    # the first of these that selects anything
    text = "div.story"                               # the paragraphs, or what holds them
    prune = ["div.related", "p.also"]                # taken out of the page, and of what the rules select
    optional = ["authors"]                           # fields that not every story has

A set is valid for a capture by the capture's time, so that a redesign adds a set and old captures are still read by the
rules of their day. A rule goes before all that extraction finds by itself, and where it selects nothing, or a date that
is none, that is what stands; unless the field is ``optional``, such a story is counted in ``rules_missed`` of its day.

The rules are no part of a capture: they change after it, and the pages are extracted again with the new ones. So a
function that extracts has the source files in its bundle, as data, and reads this one key of them; the registry checks
it with the same code.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

FIELDS = (
    "title",
    "standfirst",
    "authors",
    "section",
    "tags",
    "published_at",
    "modified_at",
    "dateline",
    "images",
    "text",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules for the pages of one design of an outlet: for each field its selectors, in the order of trial.

    ``valid_until`` is the last day of capture (UTC) that it is for; None is for ever.
    """

    fields: Mapping[str, tuple[str, ...]]
    prune: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    valid_until: date | None = None

    @property
    def selectors(self) -> Mapping[str, tuple[str, ...]]:
        """All of its selectors, by the key that they stand under."""
        return {**self.fields, "prune": self.prune}

    def name(self, source: str | None) -> str:
        """What articles call it: its source, and the last day that it is for."""
        return f"{source}@{self.valid_until}" if self.valid_until else f"{source}"


def read(value: Any) -> tuple[RuleSet, ...]:
    """The sets of an ``extract`` key, in the order of their validity; ValueError says what to mend.

    Whether the selectors are any is for whoever has a parser (``extraction.rulebook``).
    """
    tables = value if isinstance(value, list) else [value]
    sets = sorted((_rule_set(table) for table in tables), key=lambda rules: rules.valid_until or date.max)
    days = [rules.valid_until for rules in sets]
    if len(set(days)) < len(days):
        which = next(day for day in days if days.count(day) > 1)
        raise ValueError(f"two sets have {f'valid_until = {which}' if which else 'no valid_until'}; give each its own")
    return tuple(sets)


def valid_at(sets: Sequence[RuleSet], captured_at: datetime | None) -> RuleSet | None:
    """The set for a capture of an aware instant; without one, for a page of today."""
    day = (captured_at or datetime.now(UTC)).astimezone(UTC).date()
    return next((rules for rules in sets if rules.valid_until is None or day <= rules.valid_until), None)


def _rule_set(table: Any) -> RuleSet:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a table")
    for key in table:
        if key not in (*FIELDS, "prune", "optional", "valid_until"):
            near = difflib.get_close_matches(key, (*FIELDS, "prune", "optional", "valid_until"), n=1)
            raise ValueError(f"{key!r} is not a key that rules have{f'; did you mean {near[0]!r}?' if near else ''}")
    if "valid_until" in table and type(table["valid_until"]) is not date:
        raise ValueError("valid_until is not a date; write it as 2026-10-31, without quotes")
    rules = RuleSet(
        fields={field: _texts(field, table[field]) for field in FIELDS if field in table},
        prune=_texts("prune", table.get("prune", ())),
        optional=_texts("optional", table.get("optional", ())),
        valid_until=table.get("valid_until"),
    )
    if not rules.fields and not rules.prune:
        raise ValueError("a set has no rule; name a field, or what to prune")
    if unruled := [field for field in rules.optional if field not in rules.fields]:
        raise ValueError(f"optional: {unruled[0]!r} has no rule in this set; take it out, or give it one")
    return rules


def _texts(key: str, value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{key}: {value!r} is neither a text nor a list of texts")
    return tuple(text.strip() for text in texts)
