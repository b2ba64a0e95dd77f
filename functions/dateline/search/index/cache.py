"""Cache of unpacked search index parts in a local folder; the least recently used ones make room."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from tantivy import Searcher

from dateline.search.index import part_file
from dateline.search.index.manifest import Part
from dateline.search.index.part_file import Head

LIMIT = 400_000_000  # bytes, of the 512 MB that a Lambda function has by default
_OWN = 4_000_000_000  # bytes on a person's machine: some four million stories


@dataclass(frozen=True, slots=True)
class Opened:
    """A searchable part; ``decides`` are the ids overriding earlier parts of its month."""

    searcher: Searcher
    head: Head

    @property
    def decides(self) -> frozenset[str]:
        return frozenset(self.head.decides or ())


@dataclass(slots=True)
class Cache:
    """Parts by their keys. ``folder`` may be shared by several processes; ``limit`` is in bytes.

    ``stream`` returns the bytes of a part, by its key, as they arrive.
    """

    folder: Path
    limit: int = LIMIT
    fetched: int = 0  # bytes that were not here
    _open: dict[str, Opened] = field(default_factory=dict)

    @classmethod
    def of_user(cls, bucket: str) -> Self:
        """The cache of a bucket's index in the user's cache folder (XDG Base Directory Specification)."""
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(caches / "dateline" / "search" / bucket, _OWN)

    def open(self, part: Part, stream: Callable[[str], IO[bytes]]) -> Opened:
        """A part, fetched if it is not here."""
        folder = self.path(part, stream)
        if part.key not in self._open:
            self._open[part.key] = Opened(part_file.opened(folder).searcher(), part_file.head(folder))
        return self._open[part.key]

    def path(self, part: Part, stream: Callable[[str], IO[bytes]]) -> Path:
        """The folder of a part, fetched if it is not here."""
        folder = self.folder / part.key.replace("/", "_")
        if not folder.exists():
            self._open.pop(part.key, None)
            packed = stream(part.key)
            self.fetched += part.bytes
            self._make_room(part.bytes)
            self._unpack(packed, folder)
        os.utime(folder)
        return folder

    def _unpack(self, packed: IO[bytes], folder: Path) -> None:
        """Unpack a part beside its folder, and rename: another process sees all of it or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=self.folder, prefix="."))
        try:
            part_file.unpack(packed, beside)
            beside.rename(folder)
        except BaseException as error:
            shutil.rmtree(beside)
            if not isinstance(error, OSError) or not folder.exists():  # else another process was faster
                raise

    def _make_room(self, wanted: int) -> None:
        """Delete folders until there is room; what is open stays readable until it is let go."""
        found = [path for path in self.folder.glob("[!.]*") if path.is_dir()]
        sizes = {path: _size(path) for path in found}
        room = self.limit - sum(sizes.values()) - wanted
        for path in sorted(found, key=_last_used):
            if room >= 0:
                return
            for key in [key for key in self._open if key.replace("/", "_") == path.name]:
                del self._open[key]
            shutil.rmtree(path, ignore_errors=True)
            room += sizes[path]


def _size(folder: Path) -> int:
    total = 0
    with suppress(FileNotFoundError):  # another process deleted it
        total = sum(path.stat().st_size for path in folder.iterdir())
    return total


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0
