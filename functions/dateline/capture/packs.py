"""WARC files by their keys, wherever their bytes are: in an object of their own, or in the pack of a day.

A pack, ``packs/<source>/<yyyy>/<mm>/<dd>-<name>.warc.gz``, is a source's WARC files of a day one after the other. Its
manifest, the same with ``.json``, is written after it and says where each file begins. Keys and offsets stay those of
the files before packing, so pointers to them hold for good: to follow one, read the object of that key, or, where there
is none, ask the manifests of its day (``Packs``, and docs/storage.md by hand).

A record without its body (``reduction``) takes fewer bytes in the pack than it did. ``cuts`` of the manifest have the
place and both lengths of each. Read through ``Packs``, such a record has its old length: the comment of its gzip member
(RFC 1952) fills it up, and readers skip that.
"""

import heapq
import io
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from botocore.exceptions import ClientError

from dateline.aws import objects
from dateline.aws.objects import Listed
from dateline.capture.reader import Readable
from dateline.keys import object_keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GZIP = struct.Struct("<2sBBIBB")  # magic, method, flags, time, extra flags, system
_COMMENT = 16
_MISSING = {"NoSuchKey", "404"}
_MANIFESTS = 64  # days in memory, each some kilobytes
_MONTHS = 64  # listings in memory, each of some kilobytes too


class Cut(NamedTuple):
    """A record without its body: its offset in the file, and its length in bytes before and in the pack."""

    offset: int
    was: int
    now: int


class Sent(NamedTuple):
    """A response with a revision of a story: its offset in the file, and its ``WARC-Date``."""

    offset: int
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFile:
    """A WARC file in a pack, from ``start`` on: ``length`` bytes there, ``size`` before.

    ``sha256`` (hex) is of the bytes in the pack when it was written; a withdrawal changes them. ``responses`` may be
    referred to by later records without their bodies; none are known of packs written before December 2026.
    """

    key: str
    start: int
    length: int
    size: int
    sha256: str
    cuts: tuple[Cut, ...] = ()
    responses: tuple[Sent, ...] = ()

    def at(self, offset: int) -> int:
        """Return the place in the pack of a record at an offset of the file; of the next one, within a cut."""
        return self.start + offset - sum(cut.was - cut.now for cut in self.cuts if cut.offset < offset)

    def restored(self, data: bytes, offset: int = 0) -> bytes:
        """Return bytes of the pack with the records' former lengths; they begin with the record at an offset."""
        parts, done, begin = list[bytes](), 0, self.at(offset)
        for cut in self.cuts:
            at = self.at(cut.offset) - begin
            if 0 <= at < len(data):
                parts += data[done:at], lengthened(data[at : at + cut.now], cut.was)
                done = at + cut.now
        return b"".join((*parts, data[done:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The contents of a pack; ``key`` is the pack's."""

    key: str
    files: tuple[PackedFile, ...]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        values = json.loads(body)
        return cls(key=values["key"], files=tuple(map(_file, values["files"])))


class Packs:
    """Reads a bucket's WARC files, packed or not."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._known, self._months = dict[str, list[Manifest]](), dict[str, list[str]]()

    def open(self, key: str, offset: int = 0) -> Readable:
        """Return a WARC file's bytes from an offset on. Raises NoSuchKey if the bucket does not have it."""
        ranged: Any = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=key, **ranged)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING or not (found := self.find(key)):
                raise
        manifest, file = found
        return io.BytesIO(self._packed(manifest, file, offset, file.size - offset))

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return some records of a WARC file: one range GET. Raises NoSuchKey if the bucket does not have it."""
        try:
            return objects.get_range(self._s3, bucket=self._bucket, key=key, offset=offset, length=length)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING or not (found := self.find(key)):
                raise
        return self._packed(*found, offset, length)

    def get(self, key: str) -> bytes | None:
        """Return a WARC file's bytes, or None if the bucket does not have it."""
        try:
            return self.open(key).read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None

    def exists(self, key: str) -> bool:
        """Whether the bucket has a WARC file."""
        return objects.exists(self._s3, self._bucket, key) or self.find(key) is not None

    def find(self, key: str, *, again: bool = True) -> tuple[Manifest, PackedFile] | None:
        """Return the pack of a WARC file and its place there, or None if it is in no pack.

        ``again``: looks in S3 once more for a file that is in no known pack, as its day may have got another since.
        """
        prefix = object_keys.packs(object_keys.parse(key))
        is_fresh = _month(prefix) not in self._months
        known = self._known[prefix] if prefix in self._known else self._manifests(prefix, again=False)
        found = _in(known, key)
        return found if found or is_fresh or not again else _in(self._manifests(prefix), key)

    def of_day(self, key: str) -> dict[str, tuple[Manifest, PackedFile]]:
        """Return the packed files of a WARC file's source and day by their keys, each with its pack."""
        manifests = self._manifests(object_keys.packs(object_keys.parse(key)))
        return {file.key: (manifest, file) for manifest in manifests for file in manifest.files}

    def listed(self, source: str, after: str = "") -> Iterator[Listed]:
        """Yield a source's WARC files after a key, in the order of keys; sizes are those before packing."""
        loose = objects.listed(
            self._s3, bucket=self._bucket, prefix=object_keys.folder(object_keys.CAPTURES, source), after=after
        )
        found = heapq.merge(loose, self._listed(source, after), key=lambda each: each.key)
        return (next(same) for _, same in groupby(found, lambda each: each.key))

    def sources(self) -> list[str]:
        """Return the sources with WARC files."""
        folders = (object_keys.CAPTURES, object_keys.PACKS)
        return sorted({name for folder in folders for name in objects.folders(self._s3, self._bucket, folder)})

    def all_listed(self) -> Iterator[Listed]:
        """Yield all WARC files, by source."""
        return (found for source in self.sources() for found in self.listed(source))

    def _listed(self, source: str, after: str) -> Iterator[Listed]:
        """The files in packs, a day at a time."""
        folder, first = object_keys.folder(object_keys.PACKS, source), ""
        if after.startswith(object_keys.folder(object_keys.CAPTURES, source)):
            first = f"{folder}{after.removeprefix(object_keys.folder(object_keys.CAPTURES, source))[:10]}"
        packs = objects.listed(self._s3, bucket=self._bucket, prefix=folder, after=first)
        manifests = (found for found in packs if found.key.endswith(".json"))
        for _, of_day in groupby(manifests, lambda found: found.key.rpartition("-")[0]):
            files = [
                Listed(file.key, file.size, found.storage_class, found.modified)
                for found in of_day
                for file in self._manifest(found.key).files
            ]
            yield from sorted(file for file in files if file.key > after)

    def _manifests(self, prefix: str, *, again: bool = True) -> list[Manifest]:
        """Return the manifests of a day, by its month's listing: a LIST costs as much as twelve GETs."""
        month = _month(prefix)
        if again or month not in self._months:
            if len(self._months) >= _MONTHS:
                del self._months[next(iter(self._months))]
            self._months[month] = list(objects.keys(self._s3, bucket=self._bucket, prefix=month))
        listed = (key for key in self._months[month] if key.startswith(prefix))
        found = [self._manifest(key) for key in listed if key.endswith(".json")]
        if len(self._known) >= _MANIFESTS:
            del self._known[next(iter(self._known))]
        self._known[prefix] = found
        return found

    def _manifest(self, key: str) -> Manifest:
        body = objects.get(self._s3, bucket=self._bucket, key=key)
        return Manifest.from_json(body) if body else Manifest(key=key, files=())

    def _packed(self, manifest: Manifest, file: PackedFile, offset: int, length: int) -> bytes:
        begin, end = file.at(offset), file.at(offset + length)
        if end <= begin:
            return b""
        where: dict[str, Any] = {"key": manifest.key, "offset": begin, "length": end - begin}
        return file.restored(objects.get_range(self._s3, bucket=self._bucket, **where), offset)


def _month(prefix: str) -> str:
    """Return the folder of a day's packs, which has those of its month."""
    return f"{prefix.rpartition('/')[0]}/"


def _in(manifests: Iterable[Manifest], key: str) -> tuple[Manifest, PackedFile] | None:
    files = ((manifest, file) for manifest in manifests for file in manifest.files)
    return next((found for found in files if found[1].key == key), None)


def lengthened(member: bytes, length: int) -> bytes:
    """Return a gzip member without a comment with one, so that it has a length in bytes; it must be shorter."""
    magic, method, flags, *rest = _GZIP.unpack_from(member)
    if flags:
        raise ValueError("the gzip member has other flags")
    head = _GZIP.pack(magic, method, _COMMENT, *rest)
    return head + b" " * (length - len(member) - 1) + b"\0" + member[_GZIP.size :]


def manifest_of(pack: str) -> str:
    """Return the key of a pack's manifest."""
    return f"{pack.removesuffix('.warc.gz')}.json"


def _file(values: dict[str, Any]) -> PackedFile:
    cuts = tuple(Cut(*each) for each in values["cuts"])
    responses = tuple(Sent(*each) for each in values.get("responses", ()))
    return PackedFile(**values | {"cuts": cuts, "responses": responses})


def joined(
    files: Iterable[tuple[str, bytes, int, tuple[Cut, ...], tuple[Sent, ...]]],
) -> tuple[list[PackedFile], bytes]:
    """Return the places of WARC files in a pack and the pack.

    Each file has a key, its bytes, its size before, its cuts and its responses.
    """
    places, parts, start = list[PackedFile](), list[bytes](), 0
    for key, data, size, cuts, responses in files:
        digest = sha256(data).hexdigest()
        place = PackedFile(key=key, start=start, length=len(data), size=size, sha256=digest, cuts=cuts)
        places.append(replace(place, responses=responses))
        parts.append(data)
        start += len(data)
    return places, b"".join(parts)
