"""Coverage as a picture: a heat map in SVG, with a row per source and a column per day.

It suits light and dark pages, prints the numbers of stories, so nobody needs to distinguish colours, and shows a cell's
other numbers in a tooltip.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import svg

from dateline.monitoring.coverage import Row

_CELL, _LINE = 36, 22  # pixels
_TOP, _FOOT, _GAP = 46, 48, 8
_LETTER = 6.8  # pixels of a letter of the labels, about
_STEPS = 4
_LABELS = {
    "silent": "unusually long without a story",
    "low": "fewer than expected",
    "fine-1": "as expected, few",
    "fine-4": "as expected, many",
    "high": "more than expected",
    "none": "not crawled",
}
# Fill and text of each kind of cell, on a light page and on a dark one.
_COLOURS = {
    "silent": ("#b3261e", "#ffffff", "#d3453b", "#ffffff"),
    "low": ("#f6c667", "#3d2a00", "#a87414", "#ffffff"),
    "high": ("#7e57c2", "#ffffff", "#9a78d6", "#ffffff"),
    "fine-1": ("#dcecf5", "#10394f", "#17303d", "#d7e8f2"),
    "fine-2": ("#a8d0e6", "#10394f", "#1f4d63", "#e6f2f8"),
    "fine-3": ("#4f9cc4", "#ffffff", "#2f7799", "#ffffff"),
    "fine-4": ("#1a6690", "#ffffff", "#55aed4", "#06222f"),
    "none": ("#ececec", "#6b6b6b", "#2b2b2b", "#9b9b9b"),
}
_STYLE = """
text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: %(ink)s }
.title { font-weight: 600; font-size: 14px }
.number { font-size: 11px; text-anchor: middle }
"""


def draw(rows: Sequence[Row]) -> str:
    """The text of an SVG file; the rows may be in any order."""
    days = sorted({row.day.date for row in rows})
    cells: dict[str, dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: row.day.source):
        cells.setdefault(row.day.source, {})[row.day.date] = row
    left = _GAP * 2 + round(max((len(source) for source in cells), default=0) * _LETTER)
    legend = 2 * _GAP + sum(map(_legend_width, _LABELS.values()))
    width, height = max(left + len(days) * _CELL + _GAP, legend), _TOP + len(cells) * _LINE + _FOOT
    elements: list[svg.Element] = [svg.Style(text=_style()), *_heads(days, left)]
    for number, (source, found) in enumerate(cells.items()):
        elements += _line(source, found, days, left, _TOP + number * _LINE)
    elements += _legend(height - _FOOT + _LINE)
    return str(svg.SVG(viewBox=svg.ViewBoxSpec(0, 0, width, height), width=width, height=height, elements=elements))


def _style() -> str:
    """The style sheet: what is for dark pages comes last, and holds where it is asked for."""
    light, dark = _STYLE % {"ink": "#222222"}, "text { fill: #dddddd }"
    for name, (fill, ink, dark_fill, dark_ink) in _COLOURS.items():
        light += f".{name} {{ fill: {fill} }} .on-{name} {{ fill: {ink} }}\n"
        dark += f" .{name} {{ fill: {dark_fill} }} .on-{name} {{ fill: {dark_ink} }}\n"
    return f"{light}@media (prefers-color-scheme: dark) {{ {dark} }}"


def _heads(days: Sequence[str], left: int) -> Iterator[svg.Element]:
    """The title, and over each column the day, with the month where it begins."""
    span = f", {days[0]} to {days[-1]}" if days else ""
    yield svg.Text(x=_GAP, y=16, text=f"Stories archived by source and day (UTC){span}", class_=["title"])
    for number, day in enumerate(days):
        at = date.fromisoformat(day)
        head = f"{at:%b} {at.day}" if number == 0 or at.day == 1 else f"{at.day}"
        yield svg.Text(x=left + (number + 0.5) * _CELL, y=_TOP - 8, text=head, class_=["number"])


def _line(source: str, found: Mapping[str, Row], days: Sequence[str], left: int, top: int) -> Iterator[svg.Element]:
    most = max((row.day.counts["archived"] for row in found.values()), default=0)
    yield svg.Text(x=left - _GAP, y=top + 15, text=html.escape(source), text_anchor="end")
    for number, day in enumerate(days):
        row = found.get(day)
        kind, x = _kind(row, most), left + number * _CELL
        said = svg.Title(text=html.escape(f"{source}, {day}: {_words(row)}"))
        yield svg.Rect(x=x + 1, y=top + 1, width=_CELL - 2, height=_LINE - 2, rx=3, class_=[kind], elements=[said])
        if row:
            text = f"{row.day.counts['archived']}" if row.day.counts["crawls"] else "-"
            yield svg.Text(x=x + _CELL / 2, y=top + 15, text=text, class_=["number", f"on-{kind}"])


def _legend(top: int) -> Iterator[svg.Element]:
    x = _GAP
    for kind, label in _LABELS.items():
        yield svg.Rect(x=x, y=top, width=14, height=14, rx=3, class_=[kind])
        yield svg.Text(x=x + 20, y=top + 11, text=label)
        x += _legend_width(label)


def _legend_width(label: str) -> int:
    return 36 + round(len(label) * _LETTER)


def _kind(row: Row | None, most: int) -> str:
    if row is None or not (row.day.counts["crawls"] or row.flags):
        return "none"
    for flag in ("silent", "low", "high"):
        if flag in row.flags:
            return flag
    scale = row.day.expect.max if row.day.expect else most
    return f"fine-{1 + min(_STEPS - 1, _STEPS * row.day.counts['archived'] // (scale + 1))}"


def _words(row: Row | None) -> str:
    """What a cell says: ``12 archived (5 to 60 expected), 3 unchanged, 1 gone; 2 failed; silent``."""
    if row is None:
        return "nothing"
    day = row.day
    expected = f" ({day.expect.min} to {day.expect.max} expected)" if day.expect else ""
    outcomes = [f"{count} {name}" for name, count in day.outcomes.items() if count and name != "archived"]
    failed = [f"{day.counts['failed']} failed"] if day.counts["failed"] else []
    archived = f"{day.counts['archived']} archived{expected}"
    return "; ".join([", ".join([archived, *outcomes]), *failed, *row.flags])
