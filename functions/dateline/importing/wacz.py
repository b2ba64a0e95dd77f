"""The pages of a WACZ file (WACZ 1.1.1): a ZIP file with WARC files in its folder ``archive``."""

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from dateline.full_disk import is_full
from dateline.importing import suffixes, warcs
from dateline.importing.found import ImportedPage, Refused, UnreadableError

_FOLDER = "archive/"
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


def pages(path: Path) -> Iterator[ImportedPage | Refused]:
    """Yield what its WARC files hold, by their names; UnreadableError, after what is sound, where one cannot be read.

    One of them at a time lies unpacked in a temporary folder.
    """
    damage: UnreadableError | None = None
    with TemporaryDirectory() as folder:
        for number, name in enumerate(_names(path)):
            unpacked = Path(folder, f"{number}{_suffix(name)}")
            try:
                _unpack(path, name, unpacked)
                yield from warcs.pages(unpacked)
            except UnreadableError as error:
                damage = damage or UnreadableError(f"{name}: {error}", error.remedy)
            unpacked.unlink(missing_ok=True)
    if damage:
        raise damage


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as file:
            names = [name for name in file.namelist() if name.startswith(_FOLDER) and name.endswith(suffixes.WARC)]
    except _UNREADABLE as error:
        raise UnreadableError(f"no WACZ file: {error}") from error
    if not names:
        raise UnreadableError(f"there is no WARC file in its folder {_FOLDER}", "export it again as WACZ or WARC")
    return sorted(names)


def _suffix(name: str) -> str:
    return max((suffix for suffix in suffixes.WARC if name.endswith(suffix)), key=len)


def _unpack(path: Path, name: str, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as file, file.open(name) as packed, target.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    except _UNREADABLE as error:
        if isinstance(error, OSError) and is_full(error):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise UnreadableError(f"it cannot be unpacked: {error}") from error
