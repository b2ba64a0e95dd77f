"""Made-up outlets as files of recorded pages: each page a story of its own, agency stories in several outlets."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from infra.bench.inputs.pages import page_of
from infra.bench.inputs.synthetic_stories import Piece, pieces
from infra.newsroom.outlet import Outlet, read_all

_LAYOUT = "en"  # of outlets in languages without a sample outlet


def write(folder: Path, outlets: int, pages: int) -> list[Path]:
    """Write a file for each of so many outlets, ``pages`` altogether, dealt in turn; return the files by name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"outlet-{number:03}.jsonl.gz" for number in range(outlets)]
    layouts = {outlet.language: outlet for outlet in read_all()}
    for first, path in enumerate(paths):
        with gzip.open(path, "wt", 1, encoding="utf-8") as lines:
            for number, piece in _dealt(pages, first, outlets):
                lines.write(json.dumps(_line(number, piece, layouts)) + "\n")
    return paths


def _dealt(pages: int, first: int, outlets: int) -> Iterator[tuple[int, Piece]]:
    yield from [*enumerate(pieces(pages))][first::outlets]


def _line(number: int, piece: Piece, layouts: dict[str, Outlet]) -> dict[str, str]:
    layout = layouts.get(piece.language, layouts[_LAYOUT])
    page = page_of(number, replace(layout, language=piece.language), piece.title, piece.published, piece.paragraphs)
    return {"id": f"page-{number}", "url": page.url, "html": page.html.decode()}
