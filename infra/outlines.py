"""``python -m infra.outlines countries-50m.json``: write the outlines of the reading room's maps.

The file is in the npm package ``world-atlas`` (``npm pack world-atlas@2``): Natural Earth's countries in the public
domain, as TopoJSON. A line is ``land`` or ``border``, its box and its points: degrees east and north, times 100. Lines
are simplified (Ramer, Douglas and Peucker), less where the archive's outlets are.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

OUTLINES = Path(__file__).parents[1] / "functions" / "dateline" / "reader" / "drawings" / "outlines.tsv"
_REGION = (-1900, 500, 6000, 4500)  # the Sahel to the Levant and Turkey: west, south, east, north
_FINE, _COARSE = 5.0, 35.0  # hundredths of a degree that a line may be off
_SMALLEST = 40  # hundredths of a degree; an islet outside of the region is no help on a small map

Point = tuple[int, int]


def lines(atlas: dict[str, Any]) -> Iterator[str]:
    """Yield the file's lines: the rings of all land, then the borders between two countries."""
    arcs = [_decoded(arc, atlas["transform"]) for arc in atlas["arcs"]]
    for polygon in _polygons(atlas["objects"]["land"]):
        for ring in polygon:
            yield from _line("land", _joined(arcs, ring))
    used = Counter(
        arc if arc >= 0 else ~arc
        for country in atlas["objects"]["countries"]["geometries"]
        for polygon in _polygons(country)
        for ring in polygon
        for arc in ring
    )
    for number, times in used.items():
        if times > 1:
            yield from _line("border", arcs[number])


def simplified(points: Sequence[Point], tolerance: float) -> list[Point]:
    """Leave out the points of a line that are within a distance of the rest."""
    if len(points) < 3:
        return list(points)
    far, at = max((_distance(point, points[0], points[-1]), at) for at, point in enumerate(points[1:-1], 1))
    if far <= tolerance:
        return [points[0], points[-1]]
    return simplified(points[: at + 1], tolerance)[:-1] + simplified(points[at:], tolerance)


def _line(kind: str, points: Sequence[Point]) -> Iterator[str]:
    box = (min(x for x, _ in points), min(y for _, y in points), max(x for x, _ in points), max(y for _, y in points))
    near = box[0] < _REGION[2] and box[2] > _REGION[0] and box[1] < _REGION[3] and box[3] > _REGION[1]
    if not near and max(box[2] - box[0], box[3] - box[1]) < _SMALLEST:
        return
    half = len(points) // 2  # a ring ends where it began, so its halves are simplified
    tolerance = _FINE if near else _COARSE
    kept = simplified(points[: half + 1], tolerance)[:-1] + simplified(points[half:], tolerance)
    if kind == "border" or len(kept) > 3:
        yield f"{kind}\t{' '.join(map(str, box))}\t{' '.join(f'{x},{y}' for x, y in kept)}\n"


def _decoded(arc: Sequence[Point], transform: dict[str, Any]) -> list[Point]:
    """An arc's points: TopoJSON has differences of whole numbers."""
    (scale_x, scale_y), (left, bottom) = transform["scale"], transform["translate"]
    x = y = 0
    found = []
    for east, north in arc:
        x, y = x + east, y + north
        found.append((round(100 * (x * scale_x + left)), round(100 * (y * scale_y + bottom))))
    return found


def _joined(arcs: Sequence[list[Point]], ring: Sequence[int]) -> list[Point]:
    points: list[Point] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return [points[0], *(now for before, now in pairwise(points) if now != before)]


def _polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    if geometry["type"] == "GeometryCollection":
        return [polygon for each in geometry["geometries"] for polygon in _polygons(each)]
    return [geometry["arcs"]] if geometry["type"] == "Polygon" else list(geometry.get("arcs", ()))


def _distance(point: Point, start: Point, end: Point) -> float:
    along = (end[0] - start[0], end[1] - start[1])
    length = (along[0] ** 2 + along[1] ** 2) ** 0.5
    off = (point[0] - start[0], point[1] - start[1])
    if not length:
        return float((off[0] ** 2 + off[1] ** 2) ** 0.5)
    return float(abs(along[0] * off[1] - along[1] * off[0]) / length)


if __name__ == "__main__":
    OUTLINES.write_text("".join(lines(json.loads(Path(sys.argv[1]).read_text("utf-8")))), "utf-8")
