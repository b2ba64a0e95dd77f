"""Check the OpenTimestamps in a proof, without Dateline: ``python verify_ots.py story.proof.zip``.

A timestamp leads from a root to the Merkle root of a Bitcoin block. This prints the block's number and the Merkle root
that it must have; compare them with any copy of the chain, such as two public block explorers. The block's time is then
the time before which the records of that day existed. ``ots verify`` of opentimestamps-client does the same. Python 3.9
or newer, nothing else.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from collections.abc import Callable, Iterator

_MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01"  # and version 1
_SHA256, _FORK, _ATTESTATION = 0x08, 0xFF, 0x00
_BITCOIN, _PENDING = bytes.fromhex("0588960d73d71901"), bytes.fromhex("83dfe30d2ef90c8e")
_OPERATIONS: dict[int, Callable[[bytes, bytes], bytes]] = {
    0x08: lambda message, _: hashlib.sha256(message).digest(),
    0xF0: lambda message, argument: message + argument,
    0xF1: lambda message, argument: argument + message,
}
_WITH_ARGUMENT = {0xF0, 0xF1}
_LARGEST, _DEEPEST = 4096, 256  # of the format: bytes of a message, operations one after another


class InvalidStampError(Exception):
    """The timestamp does not hold; the message says why."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        found = self.data[self.at : self.at + count]
        if len(found) < count:
            raise InvalidStampError("it is cut")
        self.at += count
        return found

    def number(self) -> int:
        found, shift = 0, 0
        while True:
            (byte,) = self.take(1)
            found |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return found
            if shift > 63:
                raise InvalidStampError("it has a number that is too large")

    def bytes(self) -> bytes:
        length = self.number()
        if length > _LARGEST:
            raise InvalidStampError("it has a part that is too large")
        return self.take(length)


def blocks(stamp: bytes, root: bytes) -> list[tuple[int, str]]:
    """Return the blocks that a timestamp of a root's bytes names: number, and Merkle root as explorers print it."""
    reader = _Reader(stamp)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.take(1) != bytes([_SHA256]):
        raise InvalidStampError("it is no timestamp of a SHA-256 digest")
    digest = reader.take(32)
    if digest != hashlib.sha256(root).digest():
        raise InvalidStampError("it is of another root")
    found = sorted(set(_attested(reader, digest, 0)))
    if reader.at != len(stamp):
        raise InvalidStampError("it has bytes after its end")
    if not found:
        raise InvalidStampError("no block has it yet")
    return found


def _attested(reader: _Reader, message: bytes, depth: int) -> Iterator[tuple[int, str]]:
    if depth > _DEEPEST or len(message) > _LARGEST:
        raise InvalidStampError("it is too deep or too large")
    (tag,) = reader.take(1)
    while tag == _FORK:
        (branch,) = reader.take(1)
        yield from _branch(reader, branch, message, depth)
        (tag,) = reader.take(1)
    yield from _branch(reader, tag, message, depth)


def _branch(reader: _Reader, tag: int, message: bytes, depth: int) -> Iterator[tuple[int, str]]:
    if tag == _ATTESTATION:
        kind, payload = reader.take(len(_BITCOIN)), _Reader(reader.bytes())
        if kind == _BITCOIN and len(message) == 32:
            yield payload.number(), message[::-1].hex()
        return
    if tag not in _OPERATIONS:
        raise InvalidStampError(f"it has an operation that is not known, {tag:#x}")
    argument = reader.bytes() if tag in _WITH_ARGUMENT else b""
    yield from _attested(reader, _OPERATIONS[tag](message, argument), depth + 1)


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status."""
    (path,) = sys.argv[1:] if arguments is None else arguments
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"roots/[\d-]{10}\.[\w-]+\.ots", name)]
        for name in sorted(names):
            try:
                found = blocks(archive.read(name), archive.read(f"{name[:16]}.json"))
            except (InvalidStampError, KeyError) as error:
                print(f"does not hold: {name}: {error}")
                return 1
            for number, merkle_root in found:
                print(f"{name}: holds if block {number} of Bitcoin has the Merkle root {merkle_root}")
    if not names:
        print("the proof has no OpenTimestamps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
