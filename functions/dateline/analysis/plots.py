"""Plots of the dataset: stories a day, outlets by place, edits over time; as an SVG or as text."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from dateline.analysis.sql import Dialect, Engine

Kind = Literal["stories", "outlets", "edits"]
_PLACES, _OUTLETS = 12, 30  # columns and rows of outlets by place
_WIDTH, _HEIGHT, _LEFT, _FOOT = 960, 320, 48, 40  # pixels
_ROW, _CELL = 26, 58
_BLOCKS = " ▁▂▃▄▅▆▇█"
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.bar{fill:#2f7fb8}.cell{fill:#2f7fb8}line{stroke:#ccc}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.bar,.cell{fill:#6fb3e0}line{stroke:#555}}"
)


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers by day, without a gap."""

    title: str
    days: tuple[tuple[date, int], ...]

    @property
    def empty(self) -> bool:
        return not any(number for _, number in self.days)


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers by row and column."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]

    @property
    def empty(self) -> bool:
        return not self.rows


Plot = Series | Grid


def plot(engine: Engine, kind: Kind, since: date, until: date, country: str | None = None) -> Plot:
    """Return the numbers of a plot, of stories published (or edited) within days, both included.

    ``country`` is the outlet's. Raises SqlError.
    """
    if country and not (len(country) == 2 and country.isalpha()):
        raise ValueError(f"{country} is no country; use two letters (ISO 3166)")
    where = f"country = '{country}'" if country else "true"
    if kind == "outlets":
        return _outlets(engine, since, until, where)
    column, more = ("published_at", "true") if kind == "stories" else ("captured_at", "revision > 1")
    month = "true" if kind == "edits" else _months(since, until)  # an edit may come years after publication
    sql = (
        f"SELECT CAST(date({column}) AS varchar) AS day, count(*) AS stories FROM articles "  # noqa: S608
        f"WHERE {where} AND {more} AND {month} AND {_within(column, since, until)} GROUP BY date({column})"
    )
    found = {date.fromisoformat(str(day)): int(str(count)) for day, count in engine.run(sql).rows}
    days = (since + timedelta(days=number) for number in range((until - since).days + 1))
    title = "Stories a day" if kind == "stories" else "Edited stories a day"
    return Series(title, tuple((day, found.get(day, 0)) for day in days))


def _outlets(engine: Engine, since: date, until: date, where: str) -> Grid:
    unnested, place = _UNNESTED[engine.dialect]
    sql = (
        f"SELECT source, {place} AS place, count(*) AS stories FROM articles "  # noqa: S608 - days and two letters
        f"CROSS JOIN UNNEST(places) AS {unnested} WHERE {where} AND {_months(since, until)} AND "
        f"{_within('published_at', since, until)} GROUP BY source, {place}"
    )
    counts = {(str(source), str(name)): int(str(count)) for source, name, count in engine.run(sql).rows}
    rows, columns = _largest(counts, 0, _OUTLETS), _largest(counts, 1, _PLACES)
    cells = tuple(tuple(counts.get((row, column), 0) for column in columns) for row in rows)
    return Grid("Stories of outlets by place", rows, columns, cells)


_UNNESTED: dict[Dialect, tuple[str, str]] = {  # DuckDB unnests to structures, Athena to their fields
    "duckdb": ("t(place)", "t.place.name"),
    "athena": ("t(place_id, place_name, place_country)", "t.place_name"),
}


def _largest(counts: dict[tuple[str, str], int], at: int, most: int) -> tuple[str, ...]:
    totals: dict[str, int] = {}
    for names, count in counts.items():
        totals[names[at]] = totals.get(names[at], 0) + count
    return tuple(sorted(totals, key=lambda name: (-totals[name], name))[:most])


def _within(column: str, since: date, until: date) -> str:
    return f"{column} >= timestamp '{since} 00:00:00' AND {column} < timestamp '{until + timedelta(days=1)} 00:00:00'"


def _months(since: date, until: date) -> str:
    """The partitions to read: Athena lists all months otherwise."""
    return f"month BETWEEN '{since:%Y-%m}' AND '{until:%Y-%m}'"


def text(found: Plot, width: int = 80) -> Iterator[str]:
    """Yield the lines of a plot for a terminal of so many columns."""
    yield found.title
    if isinstance(found, Series):
        most = max((count for _, count in found.days), default=0) or 1
        for day, count in found.days:
            yield f"{day}  {'█' * round((width - 22) * count / most)} {count}"
        return
    longest = max(map(len, found.rows), default=0)
    most = max((cell for row in found.cells for cell in row), default=0) or 1
    for number, column in enumerate(found.columns):
        yield f"{'':{longest}} {'│' * number}╭ {column}"
    for row, cells in zip(found.rows, found.cells, strict=True):
        shades = "".join(_BLOCKS[-(-cell * (len(_BLOCKS) - 1) // most)] for cell in cells)
        yield f"{row:{longest}} {shades} {sum(cells)}"


def svg(found: Plot) -> str:
    """Return a plot as the text of an SVG file, for light and dark pages."""
    return "".join(_series(found) if isinstance(found, Series) else _grid(found))


def _series(found: Series) -> Iterator[str]:
    most = max((count for _, count in found.days), default=0) or 1
    wide, high = (_WIDTH - _LEFT) / max(len(found.days), 1), _HEIGHT - _FOOT - 30
    yield _head(_WIDTH, _HEIGHT, found.title)
    for share in (0, 0.5, 1):
        y = 30 + high * (1 - share)
        yield f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:g}" y2="{y:g}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:g}" text-anchor="end">{most * share:g}</text>'
    for number, (day, count) in enumerate(found.days):
        tall = high * count / most
        yield (
            f'<rect class="bar" x="{_LEFT + number * wide:.1f}" y="{30 + high - tall:.1f}" '
            f'width="{max(wide * 0.85, 0.5):.1f}" height="{tall:.1f}"><title>{day}: {count}</title></rect>'
        )
    for number in _ticks(len(found.days)):
        yield f'<text x="{_LEFT + number * wide:.1f}" y="{_HEIGHT - 16}">{found.days[number][0]}</text>'
    yield "</svg>"


def _ticks(count: int) -> Sequence[int]:
    return range(0, count, max(1, -(-count // 8)))


def _grid(found: Grid) -> Iterator[str]:
    left = 24 + 8 * max(map(len, found.rows), default=0)
    width, height = left + _CELL * len(found.columns) + 90, 130 + _ROW * len(found.rows)
    most = max((cell for row in found.cells for cell in row), default=0) or 1
    yield _head(width, height, found.title)
    for number, column in enumerate(found.columns):
        x = left + number * _CELL + _CELL / 2
        yield f'<text transform="translate({x:g},112) rotate(-35)">{html.escape(column)}</text>'
    for at, (row, cells) in enumerate(zip(found.rows, found.cells, strict=True)):
        y = 120 + at * _ROW
        yield f'<text x="{left - 8}" y="{y + 17}" text-anchor="end">{html.escape(row)}</text>'
        for number, cell in enumerate(cells):
            if cell:
                x, shade = left + number * _CELL, 0.15 + 0.6 * cell / most
                size = f'width="{_CELL - 3}" height="{_ROW - 3}"'
                yield f'<rect class="cell" x="{x}" y="{y}" {size} opacity="{shade:.2f}"/>'
                yield f'<text x="{x + _CELL / 2:g}" y="{y + 17}" text-anchor="middle">{cell}</text>'
    yield "</svg>"


def _head(width: float, height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{html.escape(title)}"><style>{_STYLE}</style>'
        f'<text x="8" y="18" font-weight="600">{html.escape(title)}</text>'
    )
