"""Parts of the search index: immutable files, each for some stories of one month.

A part is a tar file with tantivy's files and ``part.json``: the ids it decides, its stories and removals. A later part
of the month overrides earlier ones for its ids. Small parts carry their entries, for merging into the month's large one
without reading articles again.
"""

import gzip
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, Self

from tantivy import Index

from dateline.search.index.schema import Entry, document, schema

_HEAP = 32_000_000  # bytes for a writer; tantivy asks for 15 MB at least
_LOCKS = (".tantivy-meta.lock", ".tantivy-writer.lock")
_CHUNK = 1 << 16  # bytes
_HEAD, _ENTRIES = "part.json", "entries.jsonl.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Description of a part. ``decides`` are ids with overridden earlier documents; None for a month's base."""

    month: str
    stories: int
    decides: tuple[str, ...] | None

    def to_json(self) -> bytes:
        values = {"month": self.month, "stories": self.stories, "decides": self.decides}
        return json.dumps(values).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        values = json.loads(data)
        decides = values["decides"]
        return cls(
            month=values["month"], stories=values["stories"], decides=None if decides is None else tuple(decides)
        )


class Packed(NamedTuple):
    """The bytes of a part, and how many stories it has."""

    body: bytes
    stories: int


def delta(month: str, entries: Sequence[Entry], removed: Iterable[str]) -> Packed:
    """Write a small part: new or changed stories, and the ids of stories no longer in the month."""
    decides = tuple(sorted({*(entry.id for entry in entries), *removed}))
    with _folder() as folder:
        _add(folder, entries, create=True)
        lines = "".join(f"{entry.to_json()}\n" for entry in entries).encode("utf-8", "backslashreplace")
        (folder / _ENTRIES).write_bytes(gzip.compress(lines, mtime=0))
        return _pack(folder, Head(month=month, stories=len(entries), decides=decides))


def base(month: str, entries: Iterable[Entry]) -> Packed:
    """The part of all stories of a month."""
    with _folder() as folder:
        return _pack(folder, Head(month=month, stories=_add(folder, entries, create=True), decides=None))


def merge(month: str, deltas: Sequence[Path]) -> Packed:
    """One small part of several unpacked ones, in their order."""
    decides = {id for part in deltas for id in head(part).decides or ()}
    return delta(month, list(_newest(deltas)), decides)


def merge_into(month: str, base: Path | None, deltas: Sequence[Path]) -> Packed:
    """Write the base of a month: an unpacked earlier one, if any, with the changes of later small parts."""
    with _folder() as folder:
        if base:
            shutil.copytree(base, folder, dirs_exist_ok=True)
            (folder / _HEAD).unlink()
        over = {id for part in deltas for id in head(part).decides or ()}
        _add(folder, _newest(deltas), over, create=not base)
        return _pack(folder, Head(month=month, stories=opened(folder).searcher().num_docs, decides=None))


def unpack(packed: IO[bytes], folder: Path) -> None:
    """Write a part's files into a folder as they arrive: a large month has 70 MB."""
    with tarfile.open(fileobj=packed, mode="r|", bufsize=_CHUNK) as files:
        files.extractall(folder, filter="data")


def head(folder: Path) -> Head:
    """Return the description of an unpacked part."""
    return Head.from_json((folder / _HEAD).read_bytes())


def entries(folder: Path) -> Iterator[Entry]:
    """The entries of an unpacked small part."""
    with gzip.open(folder / _ENTRIES) as lines:
        yield from map(Entry.from_json, lines)


def opened(folder: Path) -> Index:
    """The index of an unpacked part; it does not watch its folder, for nobody writes there."""
    index = Index.open(str(folder))
    index.config_reader("manual")
    return index


def _newest(deltas: Sequence[Path]) -> Iterator[Entry]:
    """The entries of small parts on whose stories no later one decides."""
    over = set[str]()
    for part in reversed(deltas):
        yield from (entry for entry in entries(part) if entry.id not in over)
        over.update(head(part).decides or ())


def _add(folder: Path, entries: Iterable[Entry], over: Iterable[str] = (), *, create: bool = False) -> int:
    """Add stories to the index in a folder, without those ``over``; how many were added."""
    index = Index(schema(), path=str(folder)) if create else opened(folder)
    writer, added = index.writer(_HEAP, 1), 0
    for id in over:
        writer.delete_documents_by_term("id", id)
    for entry in entries:
        writer.add_document(document(entry))
        added += 1
    writer.commit()
    writer.wait_merging_threads()
    return added


def _pack(folder: Path, head: Head) -> Packed:
    (folder / _HEAD).write_bytes(head.to_json())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            if path.name not in _LOCKS:
                archive.add(path, path.name, filter=_plain)
    return Packed(packed.getvalue(), head.stories)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A member without whose file it was, and when."""
    member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
    return member


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
