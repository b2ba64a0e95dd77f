"""Pages of a folder: saved HTML files, with addresses from a list or from the pages themselves.

The list is ``urls.tsv``, ``urls.txt`` (both with tabs) or ``urls.csv`` with lines ``file url [captured_at]``: the file
relative to the list's folder, the time in ISO 8601, UTC by default. Without a time, a file's last modification counts
as its capture.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dateline import urls
from dateline.extraction.parse.document import declared_url
from dateline.extraction.parse.html import NotHtmlError, TooLargeError, parse
from dateline.importing import clippings, suffixes, wacz, warcs
from dateline.importing.found import ImportedPage, Reason, Refused, UnreadableError
from dateline.instants import is_believable

LISTS = ("urls.tsv", "urls.txt", "urls.csv")
_HTML = (".html", ".htm", ".xhtml")


@dataclass(frozen=True, slots=True)
class Listed:
    """A list's entry for a file."""

    url: str
    captured_at: datetime | None


def files(path: Path) -> Iterator[tuple[str, Iterator[ImportedPage | Refused]]]:
    """Yield the units of a path: each WARC file by itself, and the other files of a folder together."""
    if not path.is_dir():
        yield path.name, _pages(path, {}, path.parent)
        return
    inside = sorted(found for found in path.rglob("*") if _is_file(found))
    archives = [found for found in inside if found.name.endswith(suffixes.ARCHIVES)]
    for archive in archives:
        yield archive.relative_to(path.parent).as_posix(), _pages(archive, {}, path.parent)
    if loose := [found for found in inside if found not in archives]:
        yield path.name, _folder(loose, path.parent)


def _folder(loose: list[Path], root: Path) -> Iterator[ImportedPage | Refused]:
    """The pages of files; UnreadableError, after all of them, names the first line of a list that is none."""
    lists = [path for path in loose if path.name in LISTS]
    read = [read_list(path) for path in lists]
    listed = {path: entry for each, _ in read for path, entry in each.items()}
    yield from (_unreadable(path) for path in listed if not _is_file(path))
    for path in loose:
        if path not in lists:
            yield from _pages(path, listed, root)
    if wrong := next((error for _, error in read if error), None):
        raise wrong


def _pages(path: Path, listed: dict[Path, Listed], root: Path) -> Iterator[ImportedPage | Refused]:
    if not _is_file(path):
        yield _unreadable(path)
    elif path.name.endswith(suffixes.WARC):
        yield from warcs.pages(path)
    elif path.name.endswith(suffixes.WACZ):
        yield from wacz.pages(path)
    else:
        yield _loose(path, listed, root)


def _loose(path: Path, listed: dict[Path, Listed], root: Path) -> ImportedPage | Refused:
    try:
        if path in listed or path.suffix.lower() in _HTML:
            return _saved(path, listed.get(path), root)
        if path.suffix.lower() == ".txt":
            return clippings.read(path, written_at(path), path.relative_to(root).as_posix())
    except OSError:
        return _unreadable(path)
    return Refused(str(path), Reason.NOT_HTML)


def _is_file(path: Path) -> bool:
    """Whether there is such a file to read: no folder, no pipe, no name that is too long for one."""
    try:
        return path.is_file() and os.access(path, os.R_OK)
    except OSError:
        return False


def _unreadable(path: Path) -> Refused:
    return Refused(str(path), Reason.UNREADABLE)


def _saved(path: Path, entry: Listed | None, root: Path) -> ImportedPage | Refused:
    """Return a saved page, with its address from the list or else from the page."""
    body = path.read_bytes()
    try:
        url = entry.url if entry else declared_url(parse(body))
    except NotHtmlError:
        return Refused(str(path), Reason.NOT_HTML)
    except TooLargeError:
        return Refused(str(path), Reason.TOO_LARGE)
    if not url:
        return Refused(str(path), Reason.NO_URL)
    if not urls.is_web(url):
        return Refused(str(path), Reason.BAD_URL)
    at = (entry and entry.captured_at) or written_at(path)
    if not is_believable(at):
        return Refused(str(path), Reason.DAMAGED)
    return ImportedPage(
        url=url,
        captured_at=at,
        data=body,
        media_type="text/html",
        known={"discovered_from": path.relative_to(root).as_posix()},
    )


def written_at(path: Path) -> datetime:
    """When a file was last written, in UTC and to the second: copies keep no more."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except (OverflowError, ValueError):  # a year that no calendar has
        return datetime.min.replace(tzinfo=UTC)


def read_list(path: Path) -> tuple[dict[Path, Listed], UnreadableError | None]:
    """What a list says of each file, by its path, and an error that names the first line that is not one of a list.

    The file of such a line has no URL.
    """
    found: dict[Path, Listed] = {}
    wrong: UnreadableError | None = None
    for number, row in _rows(path):
        try:
            if row[:2] != ["file", "url"]:
                found[path.parent / (row[0] if row else "")] = _listed(row)
        except (IndexError, ValueError) as error:
            detail = f"{path.name}, line {number}: {error}"
            wrong = wrong or UnreadableError(detail, "write file, url and an ISO 8601 time, with tabs between them")
            found |= {path.parent / row[0]: Listed("", None)} if row else {}
    return found, wrong


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a list with the numbers of their lines; an empty one for what is no row."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:  # as file names are read
        rows = csv.reader(lines, delimiter="," if path.suffix == ".csv" else "\t")
        while True:
            try:
                row = next(rows, None)
            except csv.Error:  # a cell of more than 128 kB, or a NUL
                yield rows.line_num, []
                continue
            if row is None:
                return
            if row and not row[0].startswith("#"):
                yield rows.line_num, [cell.strip() for cell in row]


def _listed(row: list[str]) -> Listed:
    """The entry of a row; IndexError or ValueError for what is none."""
    url, at = row[1], datetime.fromisoformat(row[2]) if row[2:] and row[2] else None
    return Listed(url, at.replace(tzinfo=UTC) if at and not at.tzinfo else at)
