"""Check a proof without Dateline: ``python verify.py story.proof.zip [--key KEY.pem] [--authority CA.pem]``.

This file needs Python 3.9 or newer and the openssl program, no network and nothing else of Dateline. A copy of
it is in each proof; use your own copy if you do not trust the sender. It prints what holds, or the first thing that
does not, and exits with 0 or 1.

What is checked, in this order:

1. each WARC record against its leaf: the digest of the record, of its block, its URL, date, type and id;
2. each leaf against the tree of its day (Merkle tree hashes of RFC 9162, section 2.1, with SHA-256);
3. the chain of days: each root names the SHA-256 of the day before it, and no day is left out;
4. the signatures of the newest root and of those of the records' days (ECDSA, SHA-256);
5. at least one timestamp (RFC 3161) for each day with a record of the proof, not older than the record.

The key and the authorities' certificates in the proof are the sender's. ``--key`` and ``--authority`` compare them
with copies that you got elsewhere.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

VERSION = 1
_LEAF, _NODE = b"\x00", b"\x01"  # RFC 9162, section 2.1.1
_LARGEST = 200 << 20  # bytes of one file in a proof, once decompressed
_STAMPED = re.compile(r"^Time stamp: (.+)$", re.MULTILINE)
_FIELDS = {"id": "warc-record-id", "type": "warc-type", "uri": "warc-target-uri", "date": "warc-date"}

_WORDS = {"uri": "URL", "date": "date", "id": "id", "type": "type", "payload": "payload digest"}


class InvalidProofError(Exception):
    """The proof does not hold; the message names the first thing that is wrong."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(_NODE + left + right).digest()


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion path leads to from a leaf's hash (RFC 9162, section 2.1.3.2).

    ValueError if the path is too short or too long for this place in a tree of this size.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        if at % 2 or at == last:
            found = node_hash(sibling, found)
            while at and not at % 2:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return found


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return the one form in which leaves and roots are hashed: JSON, keys sorted, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def leaf_of(record: bytes) -> dict[str, str]:
    """Return the leaf of a WARC record, uncompressed: what the tree commits to.

    ``record`` and ``block`` are SHA-256 digests in hexadecimal, of the whole record and of its block; ``payload`` is
    the WARC-Payload-Digest header. ValueError if it is no WARC record.
    """
    head, mark, rest = record.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    if not mark or not lines[0].startswith("WARC/"):
        raise ValueError("this is no WARC record")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    length = headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or int(length) > len(rest):
        raise ValueError("the record's Content-Length is wrong")
    found = {name: headers[header] for name, header in _FIELDS.items() if header in headers}
    if "warc-payload-digest" in headers:
        found["payload"] = headers["warc-payload-digest"]
    block = hashlib.sha256(rest[: int(length)]).hexdigest()
    return found | {"block": block, "record": hashlib.sha256(record).hexdigest()}


class Proof:
    """The files of a proof, and the checks of each."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self.manifest = self._json("proof.json")
        if self.manifest.get("version") != VERSION:
            raise InvalidProofError(f"proof.json: version {self.manifest.get('version')} is not {VERSION}")

    def check(self, key: bytes | None = None, authority: bytes | None = None) -> Iterator[str]:
        """Yield a line for each thing that holds; InvalidProofError at the first that does not."""
        records = self._list(self.manifest, "records")
        if not records:
            raise InvalidProofError("proof.json: there is no record")
        dates: dict[str, str] = {}
        for entry in records:
            yield self._record(entry, dates)
        yield self._chain(min(dates), max(dates))
        yield self._signatures({*dates, self._days()[-1]}, key)
        for day, latest in sorted(dates.items()):
            yield self._stamped(day, latest, authority)

    def _record(self, entry: Mapping[str, Any], dates: dict[str, str]) -> str:
        """Check a record against its leaf, and the leaf against its day's root."""
        name, day, leaf = str(entry.get("file")), str(entry.get("day")), entry.get("leaf")
        if not isinstance(leaf, dict):
            raise InvalidProofError(f"{name}: it has no leaf")
        found = self._leaf(name)
        for field, words in (
            ("uri", "URL"),
            ("date", "date"),
            ("id", "id"),
            ("type", "type"),
            ("payload", "payload digest"),
        ):
            if found.get(field) != leaf.get(field):
                raise InvalidProofError(f"{name}: its {words} is not the leaf's")
        if found["block"] != leaf.get("block"):
            raise InvalidProofError(f"{name}: its body was changed")
        if found != leaf:
            raise InvalidProofError(f"{name}: its headers were changed")
        root = self._root(day)
        try:
            path = [bytes.fromhex(each) for each in self._list(entry, "path")]
            size = int(root["size"])
            reached = root_of_path(leaf_hash(canonical(leaf)), int(entry["index"]), size, path)
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidProofError(f"{name}: its path in the tree of {day} is wrong: {error}") from error
        if reached.hex() != root["root"]:
            raise InvalidProofError(f"{name}: it is not in the tree of {day}")
        dates[day] = max(dates.get(day, ""), str(leaf.get("date", "")))
        return f"{name}: {found.get('type')} of {found.get('uri', '-')} at {found.get('date')} is in the tree of {day}"

    def _leaf(self, name: str) -> dict[str, str]:
        try:
            data = gzip.decompress(self._file(name))
            return leaf_of(data)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise InvalidProofError(f"{name}: it cannot be read: {error}") from error

    def _chain(self, first: str, last: str) -> str:
        """Check that each day names the one before it, from the first day of a record to the newest."""
        days = self._days()
        if days[0] > first or days[-1] < last:
            raise InvalidProofError(f"the chain of roots lacks {first if days[0] > first else last}")
        for before, day in zip(days, days[1:]):  # noqa: B905, RUF007 - for Python 3.9
            if date.fromisoformat(day) - date.fromisoformat(before) != timedelta(days=1):
                raise InvalidProofError(f"the chain of roots has no day between {before} and {day}")
            if self._root(day).get("previous") != hashlib.sha256(self._file(f"roots/{before}.json")).hexdigest():
                raise InvalidProofError(f"the root of {day} does not name that of {before}")
        return (
            f"chain: {len(days)} day{'s' if len(days) > 1 else ''} from {days[0]} to {days[-1]}, each named by the next"
        )

    def _signatures(self, wanted: set[str], expected: bytes | None) -> str:
        """Check the signatures of the wanted days, and of any other day that has one."""
        key = self._file("key.pem")
        if expected is not None and _key_bits(expected) != _key_bits(key):
            raise InvalidProofError("key.pem is not the key that you expect")
        signed = [day for day in self._days() if day in wanted or f"roots/{day}.sig" in self._files]
        with tempfile.TemporaryDirectory() as folder:
            for day in signed:
                files = {"key.pem": key, "root": self._file(f"roots/{day}.json"), "sig": self._file(f"roots/{day}.sig")}
                paths = _write(Path(folder), files)
                signature = ("-signature", paths["sig"], paths["root"])
                if _openssl("dgst", "-sha256", "-verify", paths["key.pem"], *signature).returncode:
                    raise InvalidProofError(f"the signature of the root of {day} does not verify with key.pem")
        return f"signatures: {len(signed)}, by the key with SHA-256 {hashlib.sha256(_key_bits(key)).hexdigest()}"

    def _stamped(self, day: str, latest: str, expected: bytes | None) -> str:
        """Check that an authority saw the root of a day after its last record; one stamp that holds is enough."""
        stamps = sorted(name for name in self._files if name.startswith(f"roots/{day}.") and name.endswith(".tsr"))
        if not stamps:
            raise InvalidProofError(f"there is no timestamp for {day}")
        reasons = []
        for name in stamps:
            try:
                return f"timestamp: {name}: {self._stamp(day, name, latest, expected)}"
            except InvalidProofError as error:
                reasons.append(str(error))
        raise InvalidProofError("; ".join(reasons))

    def _stamp(self, day: str, name: str, latest: str, expected: bytes | None) -> str:
        authority = name.removesuffix(".tsr").rpartition(".")[2]
        chain = self._file(f"authorities/{authority}.pem")
        root = self._file(f"roots/{day}.json")
        with tempfile.TemporaryDirectory() as folder:
            files = {"stamp": self._file(name), "root": root, "ca.pem": expected or chain, "chain.pem": chain}
            paths = _write(Path(folder), files)
            shown = _openssl("ts", "-reply", "-in", paths["stamp"], "-text").stdout
            try:
                stamped = _instant(shown)
            except ValueError as error:
                raise InvalidProofError(f"{name} is no timestamp") from error
            when = ("-attime", str(int(stamped.timestamp())))  # certificates need to be valid then, not for ever
            trust = ("-CAfile", paths["ca.pem"], "-untrusted", paths["chain.pem"], *when)
            done = _openssl("ts", "-verify", "-data", paths["root"], "-in", paths["stamp"], *trust)
        if done.returncode:
            why = "it is of another root" if "imprint mismatch" in done.stderr else "its authority is not trusted"
            raise InvalidProofError(f"{name} does not verify: {why}")
        if latest and _utc(latest) > stamped + timedelta(minutes=1):  # clocks differ
            raise InvalidProofError(f"{name} is older than a record of that day")
        return f"existed before {stamped:%Y-%m-%d %H:%M:%S} UTC, says {authority}"

    def _days(self) -> list[str]:
        found = sorted(name[6:-5] for name in self._files if name.startswith("roots/") and name.endswith(".json"))
        if not found:
            raise InvalidProofError("there is no root")
        return found

    def _root(self, day: str) -> dict[str, Any]:
        name = f"roots/{day}.json"
        found = self._json(name)
        if canonical(found) != self._file(name):
            raise InvalidProofError(f"{name} is not in its canonical form")
        if found.get("date") != day:
            raise InvalidProofError(f"{name} is the root of another day, {found.get('date')}")
        return found

    def _json(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self._file(name))
        except ValueError as error:
            raise InvalidProofError(f"{name} is no JSON") from error
        if not isinstance(found, dict):
            raise InvalidProofError(f"{name} is no JSON object")
        return found

    @staticmethod
    def _list(values: Mapping[str, Any], name: str) -> list[Any]:
        found = values.get(name)
        if not isinstance(found, list):
            raise InvalidProofError(f"proof.json: {name} is no list")
        return found

    def _file(self, name: str) -> bytes:
        if name not in self._files:
            raise InvalidProofError(f"the proof lacks {name}")
        return self._files[name]


def read(path: str) -> Proof:
    """Return the proof in a zip file; InvalidProofError if it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != len(set(names)):
                raise InvalidProofError("the proof has two files of one name")
            if any(each.file_size > _LARGEST for each in archive.infolist()):
                raise InvalidProofError("the proof has a file that is too large")
            return Proof({name: archive.read(name) for name in names})
    except (zipfile.BadZipFile, zlib.error, OSError) as error:
        raise InvalidProofError(f"{path} is no proof: {error}") from error


def _key_bits(pem: bytes) -> bytes:
    """The body of a PEM file, whatever the lengths of its lines."""
    return b"".join(line.strip() for line in pem.splitlines() if not line.startswith(b"-----"))


def _utc(text: str) -> datetime:
    """The instant of a WARC-Date."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162 - for Python 3.9
    except ValueError as error:
        raise InvalidProofError(f"{text} is no date") from error


def _instant(shown: str) -> datetime:
    """The time in openssl's account of a timestamp; ValueError if there is none."""
    found = _STAMPED.search(shown)
    if not found:
        raise ValueError("no time")
    text = re.sub(r"\.\d+", "", found[1].strip())
    return datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=timezone.utc)  # noqa: UP017 - for Python 3.9


def _write(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: str(folder / name) for name in files}


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        command = ["openssl", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - files of its own
    except FileNotFoundError as error:
        raise InvalidProofError("the openssl program is not installed; install it and try again") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a proof, print what holds, and return the exit status."""
    parser = argparse.ArgumentParser(description="Check a proof of a story, without its archive.")
    parser.add_argument("proof", help="the zip file")
    parser.add_argument("--key", metavar="PEM", help="the archive's public key, from a source that you trust")
    parser.add_argument("--authority", metavar="PEM", help="certificates of timestamp authorities that you trust")
    options = parser.parse_args(arguments)
    key, authority = (Path(each).read_bytes() if each else None for each in (options.key, options.authority))
    try:
        for line in read(options.proof).check(key, authority):
            print(line)
    except InvalidProofError as error:
        print(f"does not hold: {error}")
        return 1
    print("the proof holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
