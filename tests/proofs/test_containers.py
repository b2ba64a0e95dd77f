"""Zip files that readers take differently, or that harm: none is a proof, for the script and the command alike."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.support.proofs.evidence import Check, Files, zipped


def entry_twice(data: bytes, name: str = "key.pem") -> bytes:
    """The zip file with one more file of this name."""
    body = io.BytesIO(data)
    with zipfile.ZipFile(body, "a") as archive, pytest.warns() if name in archive.namelist() else nullcontext():
        archive.writestr(name, b"other")
    return body.getvalue()


def in_directory(data: bytes, name: str, at: int, form: str, value: int) -> bytes:
    """The zip file with a number changed in an entry of its central directory (APPNOTE 4.3.12)."""
    found = data.index(b"PK\1\2", data.index(b"PK\1\2"))
    while data[found + 46 : found + 46 + len(name)] != name.encode():
        found = data.index(b"PK\1\2", found + 4)
    changed = bytearray(data)
    struct.pack_into(form, changed, found + at, value)
    return bytes(changed)


def packed_otherwise(data: bytes, method: int) -> bytes:
    """The same files, packed by another method."""
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(body, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return body.getvalue()


CONTAINERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "two files of one name": (entry_twice, "two files of one name"),
    "two files by case": (lambda data: entry_twice(data, "Key.pem"), "two files of one name"),
    "a path out of the folder": (lambda data: entry_twice(data, "../verify.py"), "does not belong into a proof"),
    "an absolute path": (lambda data: entry_twice(data, "/etc/passwd"), "does not belong into a proof"),
    "a path within": (lambda data: entry_twice(data, "records/../key.warc.gz"), "does not belong into a proof"),
    "a file that is no part": (lambda data: entry_twice(data, "setup.exe"), "does not belong into a proof"),
    "a module for the script": (lambda data: entry_twice(data, "json.py"), "does not belong into a proof"),
    "a folder": (lambda data: entry_twice(data, "records/"), "does not belong into a proof"),
    "a root of no day": (lambda data: entry_twice(data, "roots/2026-13-45.json"), "does not belong into a proof"),
    "a name with a line end": (lambda data: entry_twice(data, "key.pem\n"), "does not belong into a proof"),
    "bytes before": (lambda data: b"#!/bin/sh\n" + data, "bytes before or after"),
    "bytes after": (lambda data: data + b"more", "is no proof|bytes before or after"),
    "a comment": (lambda data: data[:-2] + b"\4\0more", "bytes before or after"),
    "two zip files in one": (lambda data: data + zipped({"key.pem": b""}), "bytes before or after"),
    "cut": (lambda data: data[:-30], "is no proof"),
    "empty": (lambda _: zipped({}), "the proof lacks proof.json"),
    "encrypted": (lambda data: in_directory(data, "key.pem", 8, "<H", 1), "is no proof"),
    "another method": (lambda data: packed_otherwise(data, zipfile.ZIP_LZMA), "is not stored as in a proof"),
    "yet another method": (lambda data: packed_otherwise(data, zipfile.ZIP_BZIP2), "is not stored as in a proof"),
    "said to be huge": (lambda data: in_directory(data, "key.pem", 24, "<L", (1 << 31) + 1), "is too large"),
    "two files from the same bytes": (
        lambda data: in_directory(data, "verify.py", 42, "<L", 0),
        "is no proof|stored as",
    ),
    "another name in the file": (
        lambda data: in_directory(data, "key.pem", 46, "<H", int.from_bytes(b"KE", "little")),
        "is no proof|does not belong",
    ),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_fails(sound: Files, name: str, tmp_path: Path, check: Check) -> None:
    forge, reason = CONTAINERS[name]
    (tmp_path / "forged.zip").write_bytes(forge(zipped(sound)))
    status, said = check(f"{tmp_path / 'forged.zip'}")
    assert status == 1
    assert re.search(reason, said), said
