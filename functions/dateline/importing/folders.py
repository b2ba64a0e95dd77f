"""Pages of a folder: saved HTML files, with addresses from a list or from the pages themselves.

The list is ``urls.tsv``, ``urls.txt`` (both with tabs) or ``urls.csv`` with lines ``file url [captured_at]``: the file
relative to the list's folder, the time in ISO 8601, UTC by default. Without a time, a file's last modification counts
as its capture.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dateline import urls
from dateline.extraction.parse.document import declared_url
from dateline.extraction.parse.html import NotHtmlError, TooLargeError, parse
from dateline.importing import clippings, warcs
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
    inside = sorted(found for found in path.rglob("*") if found.is_file())
    archives = [found for found in inside if found.name.endswith(warcs.SUFFIXES)]
    for archive in archives:
        yield archive.relative_to(path.parent).as_posix(), warcs.pages(archive)
    if loose := [found for found in inside if found not in archives]:
        yield path.name, _folder(loose, path.parent)


def _folder(loose: list[Path], root: Path) -> Iterator[ImportedPage | Refused]:
    lists = [path for path in loose if path.name in LISTS]
    listed = {path: entry for each in lists for path, entry in read_list(each).items()}
    yield from (Refused(str(path), Reason.UNREADABLE) for path in listed if not path.is_file())
    for path in loose:
        if path not in lists:
            yield from _pages(path, listed, root)


def _pages(path: Path, listed: dict[Path, Listed], root: Path) -> Iterator[ImportedPage | Refused]:
    if path.name.endswith(warcs.SUFFIXES):
        yield from warcs.pages(path)
    elif path in listed or path.suffix.lower() in _HTML:
        yield _saved(path, listed.get(path), root)
    elif path.suffix.lower() == ".txt":
        yield clippings.read(path, written_at(path), path.relative_to(root).as_posix())
    else:
        yield Refused(str(path), Reason.NOT_HTML)


def _saved(path: Path, entry: Listed | None, root: Path) -> ImportedPage | Refused:
    """Return a saved page, with its address from the list or else from the page."""
    body = path.read_bytes()
    try:
        url = entry.url if entry else declared_url(parse(body))
    except NotHtmlError:
        return Refused(str(path), Reason.NOT_HTML)
    except TooLargeError:
        return Refused(str(path), Reason.TOO_LARGE)
    if url is None or not urls.is_web(url):
        return Refused(str(path), Reason.NO_URL)
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
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def read_list(path: Path) -> dict[Path, Listed]:
    """Return a list's entries by file path. Raises UnreadableError with the first invalid line."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:  # as file names are read
        rows = csv.reader(lines, delimiter="," if path.suffix == ".csv" else "\t")
        read = [(rows.line_num, [cell.strip() for cell in row]) for row in rows if row and not row[0].startswith("#")]
    return {path.parent / row[0]: _listed(path, number, row) for number, row in read if row[:2] != ["file", "url"]}


def _listed(path: Path, number: int, row: list[str]) -> Listed:
    try:
        url, at = row[1], datetime.fromisoformat(row[2]) if row[2:] and row[2] else None
    except (IndexError, ValueError) as error:
        raise UnreadableError(f"{path.name}, line {number}: write file, url and an ISO 8601 time: {error}") from error
    return Listed(url, at.replace(tzinfo=UTC) if at and not at.tzinfo else at)
