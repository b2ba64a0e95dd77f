"""Extraction rules of one source's pages, from its TOML file: selectors for fields, and elements to remove.

``[extract]``, or ``[[extract]]`` for several sets, one per design of the site::

    [[extract]]
    valid_until = 2019-05-31                         # last day of capture (UTC) for this set
    title = "h2.headline"

    [[extract]]                                      # all later captures
    authors = "p.signature b"                        # CSS, or XPath 1.0 if it begins with / or ./ or (
    published_at = ["//time/@datetime", "p.date"]    # the first one with a match
    text = "div.story"                               # the paragraphs, or their container
    prune = ["div.related", "p.also"]                # removed from the page, and from the other rules' results
    optional = ["authors"]                           # fields missing in some stories

Validity depends on the capture time, so old captures are read with the rules of their design. Rules take precedence
over automatic extraction. If a rule matches nothing, or an invalid date, the automatic result stands and, unless the
field is ``optional``, the miss is counted in the day's ``rules_missed``.

Captures do not contain rules: after a change, pages are extracted again. Extracting functions therefore have the source
files in their bundle, as data, and read this key alone; the registry validates it with the same code.
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
    """Rules for one design of an outlet's pages: selectors by field, in order of trial.

    ``valid_until`` is the last day of capture (UTC) for the set; None is for ever.
    """

    fields: Mapping[str, tuple[str, ...]]
    prune: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    valid_until: date | None = None

    @property
    def selectors(self) -> Mapping[str, tuple[str, ...]]:
        """All selectors by key."""
        return {**self.fields, "prune": self.prune}

    def name(self, source: str | None) -> str:
        """Return the name for articles: the source and the last day of validity."""
        return f"{source}@{self.valid_until}" if self.valid_until else f"{source}"


def read(value: Any) -> tuple[RuleSet, ...]:
    """Return the sets of an ``extract`` key, in order of validity. Raises ValueError with the fix.

    Selectors are compiled elsewhere, by a parser (``extraction.rulebook``).
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
            raise ValueError(f"{key!r} is not a key of rules{f'; did you mean {near[0]!r}?' if near else ''}")
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
