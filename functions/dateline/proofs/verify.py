"""Check a proof without Dateline: ``python verify.py story.proof.zip [--key KEY.pem] [--authority CA.pem]``.

This file needs Python 3.9 or newer and the openssl program, no network and nothing else of Dateline. A copy of
it is in each proof; use your own copy if you do not trust the sender. It prints what holds, or the first thing that
does not, and exits with 0 or 1. It takes proofs of stories, and WACZ files with a proof of their records.

What is checked, in this order:

1. each WARC record against its leaf: the digest of the record, of its block, its URL, date, type and id;
2. the leaves of each day against the root of its tree (Merkle trees of RFC 9162, section 2.1, with SHA-256);
3. each certificate in the proof against the digest in the record of a page that was read with it;
4. the chain of days: each root names the SHA-256 of the day before it, and no day is left out;
5. the signatures of the newest root and of those of the records' days (ECDSA on P-256, SHA-256);
6. at least one timestamp (RFC 3161) for each day with a record of the proof, not older than the record.

The key and the authorities' certificates in the proof are the sender's. ``--key`` and ``--authority`` compare them
with copies that you got elsewhere.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

VERSION = 1
HASH = 32  # bytes
_LEAF, _NODE = b"\x00", b"\x01"  # RFC 9162, section 2.1.1
_LARGEST = 1 << 30  # bytes of all files of a proof, and of one record, once decompressed
_STAMPED = re.compile(r"^Time stamp: (.+)$", re.MULTILINE)
_FIELDS = {"id": "warc-record-id", "type": "warc-type", "uri": "warc-target-uri", "date": "warc-date"}
_WORDS = {"uri": "URL", "date": "date", "id": "id", "type": "type", "payload": "payload digest"}
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z")
_PEM = re.compile(rb"\s*-----BEGIN PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")  # RFC 5480: before the point
IN_WACZ = "proof/proof.zip"  # where a WACZ file has the proof of its records
_NAMES = re.compile(
    r"proof\.json|key\.pem|authorities/[\w-]+\.pem|roots/\d{4}-\d\d-\d\d\.(?:json|sig|[\w-]+\.(?:tsr|ots))"
    r"|records/[\w.-]+\.warc\.gz|certificates/[0-9a-f]{64}\.der"
)
_NOT_PROVED = re.compile(r"revisions/[\w.-]+|index\.html|verify(?:_ots)?\.py")


class InvalidProofError(Exception):
    """The proof does not hold; the message names the first thing that is wrong."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes | memoryview, right: bytes | memoryview) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"".join((_NODE, left, right))).digest()


def root_of(leaves: Mapping[int, bytes], size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that some leaf hashes, given by their places, lead to with the hashes of a path.

    The path has what the leaves lack, level by level from below and each from left to right. For one leaf this is
    RFC 9162, section 2.1.3.2. ValueError if the path is too short or too long for a tree of this size.
    """
    if not leaves or min(leaves) < 0 or max(leaves) >= size:
        raise ValueError(f"there is no leaf {max(leaves, default=0)} in a tree of {size}")
    nodes, used = dict(leaves), 0
    while size > 1:
        above = {}
        for at in sorted(nodes):
            if at ^ 1 < size and at ^ 1 not in nodes:
                if used == len(path):
                    raise ValueError("the path is too short")
                nodes[at ^ 1] = path[used]
                used += 1
            left, right = nodes.get(at & ~1, b""), nodes.get(at | 1)
            above[at >> 1] = left if right is None else node_hash(left, right)
        nodes, size = above, (size + 1) // 2
    if used < len(path):
        raise ValueError("the path is too long")
    return nodes[0]


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return the one form in which leaves and roots are hashed: JSON, keys sorted, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def leaf_of(record: bytes) -> dict[str, str]:
    """Return the leaf of a WARC record, uncompressed: what the tree commits to.

    ``record`` and ``block`` are SHA-256 digests in hexadecimal, of the whole record and of its block; ``payload`` is
    the WARC-Payload-Digest header. ValueError if it is no WARC record.
    """
    headers, block = _split(record)
    found = {name: headers[header] for name, header in _FIELDS.items() if header in headers}
    if "warc-payload-digest" in headers:
        found["payload"] = headers["warc-payload-digest"]
    return found | {"block": hashlib.sha256(block).hexdigest(), "record": hashlib.sha256(record).hexdigest()}


def _split(record: bytes) -> tuple[dict[str, str], bytes]:
    """The first header of each name, in lower case, and the block of a WARC record. ValueError if it is none."""
    head, mark, rest = record.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    if not mark or not lines[0].startswith("WARC/"):
        raise ValueError("this is no WARC record")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    length = headers.get("content-length", "")
    if not re.fullmatch("[0-9]{1,15}", length) or int(length) > len(rest):
        raise ValueError("the record's Content-Length is wrong")
    return headers, rest[: int(length)]


class Proof:
    """The files of a proof by their names, and the checks of each."""

    def __init__(self, files: Mapping[str, bytes], beside: Mapping[str, bytes] | None = None) -> None:
        self._files = files
        self._beside = beside or {}  # the other files of a WACZ file
        self._archive = next((data for name, data in self._beside.items() if name.startswith("archive/")), b"")
        self.manifest = self._json("proof.json")
        if self.manifest.get("version") != VERSION:
            raise InvalidProofError(f"proof.json: version {self.manifest.get('version')} is not {VERSION}")
        self._days: dict[str, dict[int, bytes]] = {}  # of records: the leaf hashes by their places
        self._latest: dict[str, datetime] = {}
        self._shown: dict[str, dict[str, datetime]] = {}  # of certificates: the hosts, and when each showed it

    def check(self, key: bytes | None = None, authority: bytes | None = None) -> Iterator[str]:
        """Yield a line for each thing that holds; InvalidProofError at the first that does not."""
        records = self._list(self.manifest, "records")
        if not records:
            raise InvalidProofError("proof.json: there is no record")
        for entry in records:
            yield self._record(entry if isinstance(entry, dict) else {})
        self._all_listed(records)
        yield from map(self._tree, sorted(self._days))
        yield from self._certificates()
        yield self._chain(min(self._days), max(self._days))
        yield self._signatures({*self._days, self._chained()[-1]}, key)
        for day, latest in sorted(self._latest.items()):
            yield self._stamped(day, latest, authority)
        if blocks := sorted(name for name in self._files if name.endswith(".ots")):
            yield f"not checked here, because it needs Bitcoin's chain; verify_ots.py does: {', '.join(blocks)}"
        unproved = [name for name in self._files if _NOT_PROVED.fullmatch(name)]
        unproved += [name for name in self._beside if not name.startswith("archive/")]
        if unproved:
            yield f"not checked, because they explain the records and prove nothing: {', '.join(sorted(unproved))}"

    def _record(self, entry: Mapping[str, Any]) -> str:
        """Check a record against its leaf."""
        name, day, leaf, place = str(entry.get("file")), str(entry.get("day")), entry.get("leaf"), entry.get("index")
        if entry.get("offset") is not None:
            name = f"{name} at {entry['offset']}"
        if not isinstance(leaf, dict) or type(place) is not int:
            raise InvalidProofError(f"{name}: it has no leaf")
        record = self._inflated(name, entry)
        try:
            found = leaf_of(record)
        except ValueError as error:
            raise InvalidProofError(f"{name}: it cannot be read: {error}") from error
        for field, words in _WORDS.items():
            if found.get(field) != leaf.get(field):
                raise InvalidProofError(f"{name}: its {words} is not the leaf's")
        if found["block"] != leaf.get("block"):
            raise InvalidProofError(f"{name}: its body was changed")
        if found != leaf:
            raise InvalidProofError(f"{name}: its headers were changed")
        _only_once(name, record)
        if self._days.setdefault(day, {}).setdefault(place, leaf_hash(canonical(leaf))) != leaf_hash(canonical(leaf)):
            raise InvalidProofError(f"{name}: another record has its place in the tree of {day}")
        at = _instant(leaf.get("date", ""), name)
        self._latest[day] = max(self._latest.get(day, at), at)
        if leaf.get("type") == "metadata" and (certificate := certificate_of(record)):
            host = urlsplit(str(leaf.get("uri"))).hostname or ""
            self._shown.setdefault(certificate, {})[host] = at
        return f"{name}: {found.get('type')} of {found.get('uri', '-')} at {found['date']}"

    def _inflated(self, name: str, entry: Mapping[str, Any]) -> bytes:
        """A record, from a file of its own or from a place in the WARC file of a WACZ file."""
        if entry.get("offset") is None:
            data = self._file(name)
        else:
            offset, length = entry["offset"], entry.get("length")
            if type(offset) is not int or type(length) is not int or not 0 <= offset < offset + length:
                raise InvalidProofError(f"{name}: it has no place")
            data = self._archive[offset : offset + length]
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            found = decoder.decompress(data, _LARGEST)
        except zlib.error as error:
            raise InvalidProofError(f"{name}: it cannot be read: {error}") from error
        if not decoder.eof or decoder.unused_data:
            raise InvalidProofError(f"{name}: it cannot be read: it is not one gzip member")
        return found

    def _all_listed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Check that no record is without a leaf, but the first of a WACZ file, which tells of the export."""
        listed = {str(entry.get("file")) for entry in records}
        for name in sorted(self._files):
            if name.startswith("records/") and name not in listed:
                raise InvalidProofError(f"{name}: proof.json does not have it")
        ends = {entry["offset"] + entry["length"] for entry in records if entry.get("offset") is not None}
        starts = {entry["offset"] for entry in records if entry.get("offset") is not None}
        if (self._archive or starts) and (
            not starts
            or starts - ends != {min(starts)}
            or max(ends) != len(self._archive)
            or not self._about(min(starts))
        ):
            raise InvalidProofError("the WARC file has a record that proof.json does not have")

    def _about(self, end: int) -> bool:
        """Whether a WARC file begins with one warcinfo record, and has nothing else before an offset."""
        record = self._inflated("warcinfo", {"offset": 0, "length": end})
        return _split(record)[0].get("warc-type") == "warcinfo"

    def _tree(self, day: str) -> str:
        """Check the leaves of a day against its root."""
        root, paths = self._root(day), self.manifest.get("paths")
        try:
            path = [bytes.fromhex(each) for each in self._list(paths if isinstance(paths, dict) else {}, day)]
            if any(len(each) != HASH for each in path):
                raise ValueError("a hash has not 32 bytes")
            reached = root_of(self._days[day], root["size"], path)
        except (ValueError, TypeError) as error:
            raise InvalidProofError(f"the path in the tree of {day} is wrong: {error}") from error
        if reached.hex() != root["root"]:
            raise InvalidProofError(f"the records are not in the tree of {day}")
        many = len(self._days[day])
        return f"tree of {day}: it has {'this record' if many == 1 else f'these {many} records'} among {root['size']}"

    def _certificates(self) -> Iterator[str]:
        """Check the certificates that servers showed. TLS signs no page: they tell who answered, says the crawler."""
        for name in sorted(name for name in self._files if name.startswith("certificates/")):
            digest = hashlib.sha256(self._file(name)).hexdigest()
            if name != f"certificates/{digest}.der":
                raise InvalidProofError(f"{name}: it was changed")
            if digest not in self._shown:
                raise InvalidProofError(f"{name}: no record of a page names it")
            with tempfile.TemporaryDirectory() as folder:
                path = _write(Path(folder), {"certificate": self._file(name)})["certificate"]
                for host, at in sorted(self._shown[digest].items()):
                    yield f"{name}: {_about_certificate(name, path, host, at)}"

    def _chain(self, first: str, last: str) -> str:
        """Check that each day names the one before it, from the first day of a record to the newest."""
        days = self._chained()
        if days[0] > first or days[-1] < last:
            raise InvalidProofError(f"the chain of roots lacks {first if days[0] > first else last}")
        for before, day in zip(days, days[1:]):  # noqa: B905, RUF007 - for Python 3.9
            if date.fromisoformat(day) - date.fromisoformat(before) != timedelta(days=1):
                raise InvalidProofError(f"the chain of roots has no day between {before} and {day}")
            if self._root(day)["previous"] != hashlib.sha256(self._file(f"roots/{before}.json")).hexdigest():
                raise InvalidProofError(f"the root of {day} does not name that of {before}")
        many = f"{len(days)} day{'s' if len(days) > 1 else ''}"
        return f"chain: {many} from {days[0]} to {days[-1]}, each named by the next"

    def _signatures(self, wanted: Collection[str], expected: bytes | None) -> str:
        """Check the signatures of the wanted days, and of any other day that has one."""
        key = _point(self._file("key.pem"), "key.pem")
        if expected is not None and _point(expected, "the key that you expect") != key:
            raise InvalidProofError("key.pem is not the key that you expect")
        signed = [day for day in self._chained() if day in wanted or f"roots/{day}.sig" in self._files]
        with tempfile.TemporaryDirectory() as folder:
            for day in signed:
                files = {"key": key, "root": self._file(f"roots/{day}.json"), "sig": self._file(f"roots/{day}.sig")}
                paths = _write(Path(folder), files)
                with_key = ("-keyform", "DER", "-verify", paths["key"])
                done = _openssl("dgst", "-sha256", *with_key, "-signature", paths["sig"], paths["root"])
                if done.returncode or not _is_whole(files["sig"]):  # openssl reads no more than the key's 72 bytes
                    raise InvalidProofError(f"the signature of the root of {day} does not verify with key.pem")
        return f"signatures: {len(signed)}, by the key with SHA-256 {hashlib.sha256(key).hexdigest()}"

    def _stamped(self, day: str, latest: datetime, expected: bytes | None) -> str:
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

    def _stamp(self, day: str, name: str, latest: datetime, expected: bytes | None) -> str:
        authority = name[: -len(".tsr")].rpartition(".")[2]
        chain = self._file(f"authorities/{authority}.pem")
        root, stamp = self._file(f"roots/{day}.json"), self._file(name)
        with tempfile.TemporaryDirectory() as folder:
            trusted = chain if expected is None else expected
            paths = _write(Path(folder), {"stamp": stamp, "root": root, "ca.pem": trusted, "chain.pem": chain})
            token = str(Path(folder, "token"))  # without the answer around it, which nobody signs
            taken = _openssl("ts", "-reply", "-in", paths["stamp"], "-token_out", "-out", token)
            shown = _openssl("ts", "-reply", "-in", token, "-token_in", "-text").stdout
            found = _STAMPED.findall(shown)
            if taken.returncode or len(found) != 1 or not _is_whole(stamp):
                raise InvalidProofError(f"{name} is no timestamp")
            stamped = _gmt(found[0])
            when = ("-attime", str(int(stamped.timestamp())))  # certificates need to be valid then, not for ever
            trust = ("-CAfile", paths["ca.pem"], "-untrusted", paths["chain.pem"], *when)
            done = _openssl("ts", "-verify", "-data", paths["root"], "-in", token, "-token_in", *trust)
        if done.returncode:
            why = "it is of another root" if "imprint mismatch" in done.stderr else "its authority is not trusted"
            raise InvalidProofError(f"{name} does not verify: {why}")
        if latest > stamped + timedelta(minutes=1):  # clocks differ
            raise InvalidProofError(f"{name} is older than a record of that day")
        return f"existed before {stamped:%Y-%m-%d %H:%M:%S} UTC, says {authority}"

    def _chained(self) -> list[str]:
        """The days of the chain, in order."""
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
        if {*found} != {"date", "previous", "root", "size", "version"} or type(found["size"]) is not int:
            raise InvalidProofError(f"{name} is no root")
        if found["version"] != VERSION:
            raise InvalidProofError(f"{name}: version {found['version']} is not {VERSION}")
        return found

    def _json(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self._file(name).decode(), object_pairs_hook=_pairs, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise InvalidProofError(f"{name} is no JSON: {error}") from error
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
        files, beside = _unzipped(Path(path).read_bytes()), {}
        if IN_WACZ in files:
            beside, files = files, _unzipped(files.pop(IN_WACZ))
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise InvalidProofError(f"{path} is no proof: {error}") from error
    if len([name for name in beside if name.startswith("archive/")]) > 1:
        raise InvalidProofError("the WACZ file has two WARC files, and its proof is of one")
    for name in files:
        day = re.match(r"roots/(.{10})", name)
        if not (_NAMES.fullmatch(name) or _NOT_PROVED.fullmatch(name)) or (day and not _is_day(day[1])):
            raise InvalidProofError(f"{name!r} does not belong into a proof")
    return Proof(files, beside)


def _unzipped(data: bytes) -> dict[str, bytes]:
    """The files of a zip file that every reader sees alike."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = sorted(archive.infolist(), key=lambda each: each.header_offset)
        names = [entry.filename for entry in entries]
        if len(names) != len({name.lower() for name in names}):
            raise InvalidProofError("the proof has two files of one name")
        if sum(entry.file_size for entry in entries) > _LARGEST:
            raise InvalidProofError("the proof is too large")
        end = 0
        for entry in entries:
            if entry.header_offset < end or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise InvalidProofError(f"{entry.filename!r} is not stored as in a proof")
            end = entry.header_offset + entry.compress_size
        directory = data[-22:]  # its end, without a comment (APPNOTE 4.3.16)
        if (entries and entries[0].header_offset) or directory[:4] != b"PK\5\6" or directory[-2:] != b"\0\0":
            raise InvalidProofError("the proof has bytes before or after its files")
        return {name: archive.read(name) for name in names}


def certificate_of(record: bytes) -> str:
    """The SHA-256 of the certificate that a page's metadata record names; empty if it names none."""
    try:
        known = json.loads(_split(record)[1].partition(b"json-metadata: ")[2])
        found = re.fullmatch("sha256:([0-9a-f]{64})", known["tls"]["certificate"])
        return found[1] if found else ""
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _about_certificate(name: str, path: str, host: str, at: datetime) -> str:
    """Check that a certificate is for a host and an instant, and tell whose it is."""
    shown = _openssl("x509", "-inform", "DER", "-in", path, "-noout", "-subject", "-issuer", "-dates")
    dates = [_gmt(each) for each in re.findall(r"^not(?:Before|After)=(.+)$", shown.stdout, re.MULTILINE)]
    if shown.returncode or len(dates) != 2:
        raise InvalidProofError(f"{name}: it is no certificate")
    if not dates[0] <= at <= dates[1]:
        raise InvalidProofError(f"{name}: it was not valid when the record says that it was shown")
    how = "-checkip" if _is_address(host) else "-checkhost"  # which take each other's for a match
    if " does match" not in _openssl("x509", "-inform", "DER", "-in", path, "-noout", how, host).stdout:
        raise InvalidProofError(f"{name}: it is not for {host}")
    about = ", ".join(shown.stdout.strip().split("\n"))
    return f"{host} showed it, says the crawler (a certificate signs no page): {about}"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _only_once(name: str, record: bytes) -> None:
    """Refuse a record with two headers of one name, for readers differ in which counts."""
    head = record.partition(b"\r\n\r\n")[0].lower()
    for header in ("content-length", "warc-payload-digest", *_FIELDS.values()):
        if len(re.findall(rb"\n[ \t]*" + header.encode() + rb"[ \t]*:", head)) > 1:
            raise InvalidProofError(f"{name}: it has the header {header} twice")


def _instant(text: object, name: str) -> datetime:
    """The instant of a WARC-Date (WARC 1.1, section 5.4)."""
    match = _DATE.fullmatch(str(text))
    if not match:
        raise InvalidProofError(f"{name}: its date is none: {text}")
    try:
        return datetime.fromisoformat(f"{match[1]}+00:00")
    except ValueError as error:
        raise InvalidProofError(f"{name}: its date is none: {text}") from error


def _gmt(shown: str) -> datetime:
    """An instant as openssl prints it."""
    try:
        text = re.sub(r"\.\d+", "", shown.strip())
        return datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=timezone.utc)  # noqa: UP017 - Python 3.9
    except ValueError as error:
        raise InvalidProofError(f"{shown!r} is no time") from error


def _is_day(text: str) -> bool:
    try:
        return f"{date.fromisoformat(text)}" == text
    except ValueError:
        return False


def _is_whole(der: bytes) -> bool:
    """Whether DER is one sequence, with nothing after it."""
    if len(der) < 4 or der[0] != 0x30 or der[1] == 0x80:
        return False
    many = der[1] & 0x7F if der[1] & 0x80 else 0
    length = int.from_bytes(der[2 : 2 + many], "big") if many else der[1]
    return 2 + many + length == len(der)


def _point(pem: bytes, name: str) -> bytes:
    """The public key in a PEM file, DER: one point of P-256 and nothing else."""
    match = _PEM.fullmatch(pem)
    try:
        der = base64.b64decode(b"".join(match[1].split()), validate=True) if match else b""
    except ValueError:
        der = b""
    if not der.startswith(_P256) or len(der) != len(_P256) + 65:
        raise InvalidProofError(f"{name} is no public key of P-256 in PEM")
    return der


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _write(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: str(folder / name) for name in files}


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        command = ["openssl", *arguments]
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InvalidProofError(f"the openssl program cannot be run: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description="Check a proof of a captured story.")
    parser.add_argument("proof", help="the zip file, or a WACZ file with a proof")
    parser.add_argument("--key", metavar="PEM", help="the archive's public key that you trust")
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
