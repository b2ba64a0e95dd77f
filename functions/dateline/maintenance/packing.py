"""Packing: one object for a source's WARC files of a day, and no bodies of revisits without new words.

A crawl writes a small WARC file for each source and round, and an object below 128 kB never reaches colder storage.
Files are packed when their crawl and their archiving are over, by the counters (``AFTER``), or nobody can repeat them
any more (``ABANDONED``), and their records are in the daily trees of ``proofs``; keys and offsets stay
(``capture.packs``), so index, articles, outcomes and trees stay as they are.

A page with the outcome ``unchanged`` loses its body if the revision before it has its words, title and date
(``capture.reduction``). The order makes it safe to kill anywhere, and to run twice at once: the pack under a name of
its content, then its manifest (the commit), then the pack is read back and compared, and only then are the files
deleted, in all versions. The next run completes a killed one.
"""

import io
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline.archive.formats import read_outcomes
from dateline.article import Outcome
from dateline.aws import dynamodb, objects
from dateline.aws.deployment import Deployment
from dateline.aws.objects import Listed
from dateline.capture.gzip_members import members
from dateline.capture.packs import Cut, Manifest, PackedFile, Packs, Sent, joined, manifest_of
from dateline.capture.reduction import Words, leaf_in, reduced
from dateline.capture.writer import header
from dateline.index.index import Index
from dateline.keys import item_keys, object_keys
from dateline.outcomes import PageOutcome, made_no_revision
from dateline.proofs.trees import Trees, stored_leaf

if TYPE_CHECKING:
    from collections.abc import Mapping

AFTER = timedelta(days=7)  # most looks at a day's stories are made by then, and readers want the newest days
ABANDONED = timedelta(days=20)  # four days in the crawl queue, fourteen as a dead letter, and two to spare
_MAX_FILE = 16 << 20  # bytes; larger files are large enough
_MAX_PACK = 64 << 20  # bytes, in memory twice
_TREES = 8  # days whose files are in memory, with 500 sources some megabytes each


@dataclass(slots=True)
class PackedDays:
    """Result: WARC files packed, their bytes before and after, records without their bodies, and files left.

    ``locked`` files are under Object Lock, ``differing`` ones differ from their pack; neither is deleted.
    """

    files: int = 0
    packs: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    reduced: int = 0
    locked: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    def add(self, other: "PackedDays") -> None:
        self.files += other.files
        self.packs += other.packs
        self.bytes_before += other.bytes_before
        self.bytes_after += other.bytes_after
        self.reduced += other.reduced
        self.locked += other.locked
        self.differing += other.differing


@dataclass(frozen=True, slots=True)
class _Short:
    """A WARC file as it goes into a pack."""

    key: str
    data: bytes
    size: int
    cuts: tuple[Cut, ...]
    responses: tuple[Sent, ...]


class Packing:
    """Packs the days of a source that are older than ``after``; ``clock`` gives the aware instant of now."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        after: timedelta = AFTER,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._s3, self._captures, self._archive = deployment.s3, deployment.capture_bucket, deployment.archive_bucket
        self._table, self._index, self._after, self._clock = deployment.table, Index(deployment.table), after, clock
        self._trees, self._known = Trees(deployment.s3, deployment.capture_bucket), dict[str, Collection[str]]()
        self._read = dict[tuple[str, int, int], Words | None]()  # of the day that is being packed
        self._pages = dict[str, list[PageOutcome]]()  # of the files with the words of its looks

    def pack(self, source: str, month: str = "", progress: Callable[[PackedDays], None] = lambda _: None) -> PackedDays:
        """Pack a source's days of a month (``yyyy-mm``), or all, as far as they are old enough."""
        done = PackedDays()
        for day in self.days(source, month):
            done.add(self.pack_day(source, day))
            progress(done)
        return done

    def days(self, source: str, month: str = "") -> Iterator[str]:
        """Yield the days with WARC files of their own that are old enough (``yyyy-mm-dd``, UTC)."""
        last = self._day_before(self._after)
        year_month = month.replace("-", "/")
        prefix = object_keys.folder(object_keys.CAPTURES, source)
        months = [year_month] if month else self._folders(prefix, self._folders(prefix, [""]))
        for path in sorted(self._folders(prefix, months)):
            if (day := path.replace("/", "-")) <= last:
                yield day

    def pack_day(self, source: str, day: str) -> PackedDays:
        """Pack a source's WARC files of a day; continue what a killed run began."""
        done, packs = PackedDays(), Packs(self._s3, self._captures)
        loose = list(objects.listed(self._s3, bucket=self._captures, prefix=object_keys.captures_of_day(source, day)))
        packed = packs.of_day(loose[0].key) if loose else {}
        self._delete([file.key for file in loose if file.key in packed and self._is_in(*packed[file.key], done)])
        left = {file.key: file for file in loose if file.key not in packed}
        if left and day > self._day_before(max(self._after, ABANDONED)):
            left = {key: left[key] for key in self._over(source, day, left)}
        proven, self._read, self._pages = self._proven(day, left.keys()) if left else set(), {}, {}
        for some in _grouped(file for key, file in left.items() if key in proven and self._may_go(file, done)):
            short = [found for file in some if (found := self._short(packs, file.key))]
            if len(short) > 1 or any(each.cuts for each in short):
                self._write(short, done)
        return done

    def _day_before(self, age: timedelta) -> str:
        return f"{(self._clock().astimezone(UTC) - age).date()}"

    def _over(self, source: str, day: str, keys: Iterable[str]) -> list[str]:
        """Return the WARC files that are counted, as is the report of their crawl: a delivery would repeat neither."""
        counted = set[str]()
        for prefix in (object_keys.captures_of_day(source, day), object_keys.crawl_reports(source, day)):
            first = item_keys.done(source, prefix)
            wanted = Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"])
            found = dynamodb.query(self._table, KeyConditionExpression=wanted, ProjectionExpression="SK")
            counted.update(str(item["SK"]).removeprefix(item_keys.DONE) for item in found)
        reports = {key: object_keys.crawl_report(source, object_keys.parse(key).crawl) for key in keys}
        return [key for key, report in reports.items() if {key, report} <= counted]

    def _folders(self, prefix: str, parents: Iterable[str]) -> Iterator[str]:
        for parent in parents:
            path = f"{parent}/" if parent else ""
            for name in objects.folders(self._s3, self._captures, f"{prefix}{path}"):
                yield f"{path}{name}"

    def _is_in(self, manifest: Manifest, file: PackedFile, done: PackedDays) -> bool:
        """Whether a pack has the bytes of a WARC file, which a killed run did not delete."""
        where: dict[str, Any] = {"key": manifest.key, "offset": file.start, "length": file.length}
        packed = objects.get_range(self._s3, bucket=self._captures, **where)
        data = objects.get(self._s3, bucket=self._captures, key=file.key)
        if data is None or _agree(data, packed, file):
            return True
        done.differing.append(file.key)
        return False

    def _proven(self, day: str, wanted: Collection[str]) -> set[str]:
        """Those of a day's WARC files that are in a daily tree."""
        found = set[str]()
        for at in self._trees.days():
            if day <= at and len(found) < len(wanted):
                found.update(key for key in self._files(at) if key in wanted)
        return found

    def _files(self, day: str) -> Collection[str]:
        """The WARC files of a day's tree."""
        if day not in self._known:
            if len(self._known) >= _TREES:
                del self._known[next(iter(self._known))]
            self._known[day] = tuple(self._trees.tree(day).files)
        return self._known[day]

    def _may_go(self, file: Listed, done: PackedDays) -> bool:
        """Whether a WARC file is small, no import's, and not locked.

        Imports of a day may go on at any time, and take the next free number of its files.
        """
        stem = object_keys.parse(file.key)
        if stem.imported or file.size > _MAX_FILE:
            return False
        head = self._s3.head_object(Bucket=self._captures, Key=file.key)
        until = head.get("ObjectLockRetainUntilDate")
        if head.get("ObjectLockLegalHoldStatus") == "ON" or (until and until > self._clock()):
            done.locked.append(file.key)
            return False
        return True

    def _short(self, packs: Packs, key: str) -> _Short | None:
        """Return a WARC file without the bodies that may go; None if it is not committed, or gone by now."""
        body = objects.get(self._s3, bucket=self._archive, key=object_keys.parse(key).outcomes)
        data = objects.get(self._s3, bucket=self._captures, key=key) if body else None
        if body is None or data is None:
            return None
        outcomes = read_outcomes(body)
        revisions = {page.offset: page for page in outcomes if page.outcome is Outcome.ARCHIVED}
        sent = tuple(_sent(data, revisions))
        for offset, date in sent:  # for the looks of later files
            url, length = revisions[offset].url, revisions[offset].length
            self._read[key, offset, length] = Words(url=url, date=date, key=key, offset=offset, length=length)
        words = {page.offset: found for page in outcomes if (found := self._words(packs, page))}
        leaves = dict(_leaves(data, words)) if words else {}
        short, cuts = reduced(data, words, leaves)
        return _Short(key, short, len(data), cuts, sent)

    def _words(self, packs: Packs, page: PageOutcome) -> Words | None:
        """Return the response with a page's words, or None if the page is to keep its body."""
        if page.outcome is not Outcome.UNCHANGED or not made_no_revision(page):
            return None
        item = self._index.revision_before(page.id, page.captured_at)
        if not item or (item.get("digest"), item.get("published_at")) != (page.digest, page.published_at):
            return None
        key, offset, length = (item["capture"][name] for name in ("key", "offset", "length"))
        where = str(key), int(offset), int(length)
        if where not in self._read:  # the looks of a day are often at the same revision
            self._read[where] = self._response(packs, *where)
        return self._read[where]

    def _response(self, packs: Packs, key: str, offset: int, length: int) -> Words | None:
        """Return a response with words, or None if the record is another one, or gone.

        Most are of days before, and packed: a pack is in colder storage, whose GET costs as much as two PUTs.
        """
        if packed := packs.find(key, again=False):
            return self._packed(packed[1], offset, length)
        where: dict[str, Any] = {"key": key, "offset": offset, "length": length}
        try:
            data = objects.get_range(self._s3, bucket=self._captures, **where)
        except self._s3.exceptions.NoSuchKey:
            packed = packs.find(key)
            return self._packed(packed[1], offset, length) if packed else None
        record = next(members(io.BytesIO(data), begins=b"WARC/")).data
        if header(record, "warc-type") != "response":
            return None
        url, at = (header(record, name) or "" for name in ("warc-target-uri", "warc-date"))
        return Words(url=url, date=at, key=key, offset=offset, length=length)

    def _packed(self, file: PackedFile, offset: int, length: int) -> Words | None:
        """The same of a packed file, by its manifest and its outcomes."""
        at = next((sent.date for sent in file.responses if sent.offset == offset), None)
        if at and file.key not in self._pages:
            body = objects.get(self._s3, bucket=self._archive, key=object_keys.parse(file.key).outcomes)
            self._pages[file.key] = read_outcomes(body or b"")
        page = next((page for page in self._pages.get(file.key, ()) if page.offset == offset), None)
        return Words(url=page.url, date=at, key=file.key, offset=offset, length=length) if page and at else None

    def _write(self, files: list[_Short], done: PackedDays) -> None:
        places, body = joined((each.key, each.data, each.size, each.cuts, each.responses) for each in files)
        pack = object_keys.pack(object_keys.parse(files[0].key), sha256(body).hexdigest()[:12])
        objects.put_once(self._s3, bucket=self._captures, key=pack, body=body)
        manifest = Manifest(key=pack, files=tuple(places))
        objects.put_once(self._s3, bucket=self._captures, key=manifest_of(pack), body=manifest.to_json())
        if objects.get(self._s3, bucket=self._captures, key=pack) != body:
            done.differing += [each.key for each in files]
            return
        self._delete([each.key for each in files])
        done.packs += 1
        done.files += len(files)
        done.reduced += sum(len(each.cuts) for each in files)
        done.bytes_before += sum(each.size for each in files)
        done.bytes_after += len(body)

    def _delete(self, keys: Collection[str]) -> None:
        """Delete objects of a day in all versions, listed once: a LIST costs as much as twelve GETs."""
        if not keys:
            return
        stem = object_keys.parse(next(iter(keys)))
        listing = self._s3.get_paginator("list_object_versions")
        for page in listing.paginate(Bucket=self._captures, Prefix=object_keys.captures_of_day(stem.source, stem.day)):
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if (key := found["Key"]) in keys:
                    self._s3.delete_object(Bucket=self._captures, Key=key, VersionId=found["VersionId"])


def _agree(data: bytes, packed: bytes, file: PackedFile) -> bool:
    """Whether a pack has a WARC file's bytes, and of each record without its body the leaf of the whole."""
    at, parts = 0, list[bytes]()
    for cut in file.cuts:
        short = packed[file.at(cut.offset) - file.start :][: cut.now]
        (was,), (now,) = (members(io.BytesIO(each), begins=b"WARC/") for each in (data[cut.offset :][: cut.was], short))
        if was.flaw or now.flaw or leaf_in(now.data) != stored_leaf(was.data):
            return False
        parts += data[at : cut.offset], short
        at = cut.offset + cut.was
    return b"".join((*parts, data[at:])) == packed


def _grouped(files: Iterable[Listed]) -> Iterator[list[Listed]]:
    """Yield files in groups for one pack each."""
    some, size = list[Listed](), 0
    for file in files:
        if some and size + file.size > _MAX_PACK:
            yield some
            some, size = [], 0
        some.append(file)
        size += file.size
    if some:
        yield some


def _sent(data: bytes, offsets: Collection[int]) -> Iterator[Sent]:
    """The responses among the records at some offsets."""
    for member in members(io.BytesIO(data), begins=b"WARC/"):
        if member.offset in offsets and not member.flaw and header(member.data, "warc-type") == "response":
            yield Sent(member.offset, header(member.data, "warc-date") or "")


def _leaves(data: bytes, offsets: "Mapping[int, Words]") -> Iterator[tuple[int, dict[str, str]]]:
    """The leaves of the records at some offsets."""
    for member in members(io.BytesIO(data), begins=b"WARC/"):
        if member.offset in offsets and not member.flaw and header(member.data, "warc-type") == "response":
            yield member.offset, stored_leaf(member.data)
