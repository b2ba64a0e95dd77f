"""The map of a story's places: an SVG's paths and marks, from outlines and coordinates in this package and ``places``.

``outlines.tsv`` has lines of land and borders (``infra.outlines``; Natural Earth, public domain), ``coordinates.tsv``
of ``dateline.places`` the towns (GeoNames, CC BY 4.0); both in hundredths of a degree, east and north.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from dateline import places
from dateline.article import Place

WIDTH, HEIGHT = 480, 320  # units of the drawing
_LEAST = 700.0  # hundredths of a degree from west to east: a town alone is shown within its country
_MARGIN = 1.5  # of the box of all places, so that none is at the edge
_LABELLED = 6  # names; more would cover each other
_LETTER, _LINE = 7.5, 15  # units that a letter of a label takes, and its line


class Box(NamedTuple):
    """West, south, east and north."""

    west: float
    south: float
    east: float
    north: float

    def meets(self, other: "Box") -> bool:
        """Return whether both have a place in common."""
        return (
            self.west < other.east and self.east > other.west and self.south < other.north and self.north > other.south
        )


class Outline(NamedTuple):
    """A line of land or a border."""

    kind: str
    box: Box
    points: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the map. ``label`` is empty where it would cover another."""

    id: int
    name: str
    x: float
    y: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Map:
    """A drawing: paths of land and borders, and the places."""

    land: str
    borders: str
    marks: tuple[Mark, ...]


def of(found: Iterable[Place]) -> Map | None:
    """Return the map of a story's places, or None if the coordinates of all are unknown."""
    at = [(place, coordinates()[place.id]) for place in found if place.id in coordinates()]
    if not at:
        return None
    view = _view([point for _, point in at])
    seen = [outline for outline in outlines() if outline.box.meets(view)]
    return Map(
        land="".join(_path(outline, view) for outline in seen if outline.kind == "land"),
        borders="".join(_path(outline, view) for outline in seen if outline.kind == "border"),
        marks=tuple(_marks(at, view)),
    )


@cache
def coordinates() -> dict[int, tuple[int, int]]:
    """The towns by GeoNames id: hundredths of a degree east and north."""
    lines = files(places).joinpath("coordinates.tsv").read_text("utf-8").splitlines()
    rows = (map(int, line.split("\t")) for line in lines)
    return {id: (east, north) for id, east, north in rows}


@cache
def outlines() -> tuple[Outline, ...]:
    """All lines of land and borders."""
    lines = files(__package__).joinpath("outlines.tsv").read_text("utf-8").splitlines()
    return tuple(map(_outline, lines))


def _outline(line: str) -> Outline:
    kind, box, points = line.split("\t")
    pairs = (pair.split(",") for pair in points.split(" "))
    return Outline(kind, Box(*map(int, box.split(" "))), tuple((int(east), int(north)) for east, north in pairs))


def _view(points: Sequence[tuple[int, int]]) -> Box:
    """The part of the world to show: all points with a margin, in the drawing's proportions."""
    east, north = ([point[at] for point in points] for at in (0, 1))
    middle = ((min(east) + max(east)) / 2, (min(north) + max(north)) / 2)
    shrink = _shrink(middle[1])
    wide = max(_LEAST, _MARGIN * (max(east) - min(east)), _MARGIN * (max(north) - min(north)) / shrink * WIDTH / HEIGHT)
    high = wide * shrink * HEIGHT / WIDTH
    return Box(middle[0] - wide / 2, middle[1] - high / 2, middle[0] + wide / 2, middle[1] + high / 2)


def _shrink(north: float) -> float:
    """The length of a degree of longitude against one of latitude."""
    return max(0.2, math.cos(math.radians(north / 100)))


def _on_map(point: tuple[float, float], view: Box) -> tuple[float, float]:
    x = WIDTH * (point[0] - view.west) / (view.east - view.west)
    y = HEIGHT * (view.north - point[1]) / (view.north - view.south)
    return round(x, 1), round(y, 1)


def _path(outline: Outline, view: Box) -> str:
    """An outline as the ``d`` of a path; what lies far outside of the view is drawn at its edge."""
    drawn: list[tuple[float, float]] = []
    for point in outline.points:
        x, y = _on_map(point, view)
        near = (min(max(x, -WIDTH), 2.0 * WIDTH), min(max(y, -HEIGHT), 2.0 * HEIGHT))
        if not drawn or near != drawn[-1]:
            drawn.append(near)
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in drawn) + ("Z" if outline.kind == "land" else "")


def _marks(found: Sequence[tuple[Place, tuple[int, int]]], view: Box) -> Iterator[Mark]:
    taken: list[Box] = []
    for number, (place, point) in enumerate(found):
        x, y = _on_map(point, view)
        label, anchor = "", "start"
        for side in ("start", "end"):
            box = _box_of_label(place.name, x, y, side)
            inside = box.west >= 0 and box.east <= WIDTH
            if number < _LABELLED and inside and not any(box.meets(other) for other in taken):
                label, anchor = place.name, side
                taken.append(box)
                break
        yield Mark(place.id, place.name, x, y, label, anchor)


def _box_of_label(name: str, x: float, y: float, anchor: str) -> Box:
    length = _LETTER * len(name) + 10
    west = x if anchor == "start" else x - length
    return Box(west, y - _LINE / 2, west + length, y + _LINE / 2)
