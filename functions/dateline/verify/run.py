"""A run of verification: source by source, capture by capture, then the table."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby, takewhile
from typing import NamedTuple

from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.aws.prefetch import ahead
from dateline.capture.packs import Packs
from dateline.index.withdrawals import Withdrawal, withdrawals
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport
from dateline.monitoring import counters
from dateline.proofs.audit import compared
from dateline.verify.findings import Finding, Kind
from dateline.verify.holding import Examination, Holding
from dateline.verify.scope import IN_ARCHIVE, IN_CAPTURES, Scope, sources
from dateline.verify.spool import Spool
from dateline.verify.table import Comparison, expect

_AT_ONCE = 8  # concurrent reads of WARC files, one page of each in memory


@dataclass(slots=True)
class Progress:
    """How many objects and items have been looked at, and how much was found to be wrong."""

    objects: int = 0
    items: int = 0
    found: int = 0


class _Place(NamedTuple):
    """The WARC file of an object's name, or of a derived object."""

    name: str
    folder: str
    key: str
    stem: Stem
    modified: date


class Verification:
    """Verify everything in a scope, starting at the position in the spool."""

    def __init__(
        self,
        deployment: Deployment,
        spool: Spool,
        *,
        scope: Scope,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._s3 = deployment.s3
        self._table = deployment.table
        self._spool = spool
        self._scope = scope
        self._capture_bucket, self._archive_bucket = deployment.capture_bucket, deployment.archive_bucket
        self.progress, self._tell = Progress(objects=int(spool.noted("objects") or 0)), progress
        self._strays, self._packs = list[Finding](), Packs(deployment.s3, deployment.capture_bucket)

    def findings(self) -> Iterator[Finding]:
        """Yield the problems, those of an interrupted run first."""
        self._spool.forget_table()
        for finding in chain(self._spool.findings(), self._objects(), self._trees(), self._items()):
            self.progress.found += 1
            self._tell(self.progress)
            yield finding

    def seen(self) -> Iterator[Finding]:
        """Look at the objects alone; yield their problems."""
        for finding in self._objects():
            self.progress.found += 1
            yield finding

    def compared(self) -> Iterator[Finding]:
        """Compare the table with what other runs have seen (``Spool.absorb``); yield all problems."""
        self._spool.forget_table()
        for finding in chain(self._spool.findings(), self._trees(), self._items()):
            self.progress.found += 1
            self._tell(self.progress)
            yield finding

    def _objects(self) -> Iterator[Finding]:
        found = {
            source for bucket, folder in self._folders() for source in sources(self._s3, bucket, folder, self._scope)
        }
        for source in sorted(found):
            if source >= self._spool.noted("source"):
                yield from self._holdings(source)
                yield from self._found_astray()
                yield from self._crawls(source)

    def _folders(self) -> Iterator[tuple[str, str]]:
        yield from ((self._capture_bucket, folder) for folder in (*IN_CAPTURES, object_keys.PACKS))
        yield from ((self._archive_bucket, folder) for folder in IN_ARCHIVE)

    def _holdings(self, source: str) -> Iterator[Finding]:
        for examination in ahead(self._examine, self._listed(source), _AT_ONCE):
            yield from self._found_astray()
            stem, findings = examination.stem, examination.findings
            with self._spool.transaction():
                self._spool.find(findings)
                self._spool.see(stem.capture, examination.sound_pages, sound=examination.sound)
                self._spool.ledger.see(stem.capture, examination.holding.modified, examination.leaves)
                if examination.sound:
                    self._spool.expect(examination.entries(), stem.capture)
                for id, looks in examination.looks():
                    self._spool.look(id, looks)
                if not (examination.read and examination.sound):
                    self._spool.note("unread", stem.capture)
                self._reach(source, stem.capture, examination.holding.objects)
            self._tell(self.progress)
            yield from findings

    def _found_astray(self) -> Iterator[Finding]:
        """Yield the listed objects without a WARC file."""
        strays, self._strays = self._strays, []
        self._spool.find(strays)
        yield from strays

    def _examine(self, holding: Holding) -> Examination:
        return Examination(
            self._s3, holding, packs=self._packs, captures=self._capture_bucket, archive=self._archive_bucket
        )

    def _reach(self, source: str, key: str, count: int) -> None:
        self.progress.objects += count
        self._spool.note("objects", str(self.progress.objects))
        self._spool.note("source", source)
        self._spool.note("key", key)

    def _listed(self, source: str) -> Iterator[Holding]:
        """Yield the objects of each of a source's WARC files, from four parallel listings."""
        listings = [self._places(self._capture_bucket, object_keys.CAPTURES, source)]
        listings += [self._places(self._archive_bucket, folder, source) for folder in IN_ARCHIVE]
        for _, places in groupby(heapq.merge(*listings), lambda place: place.name):
            found = list(places)
            holding = Holding(found[0].stem)
            for place in found:
                holding.keys[place.folder].add(place.key)
                if place.folder == object_keys.CAPTURES:
                    holding.modified = place.modified
            yield holding

    def _places(self, bucket: str, folder: str, source: str) -> Iterator[_Place]:
        after = self._after(folder, source)
        listed = objects.listed(self._s3, bucket=bucket, prefix=object_keys.folder(folder, source), after=after)
        for found in self._packs.listed(source, after) if folder == object_keys.CAPTURES else listed:
            if self._scope.ends(folder, source, found.key):
                return
            try:
                stem = _stem(folder, found.key)
            except ValueError:
                detail = f"its key does not belong into {folder}"
                self._strays.append(Finding(kind=Kind.STRAY, where=bucket, key=found.key, detail=detail))
            else:
                name = f"{stem.crawl}-{stem.number}."  # as S3 orders them
                yield _Place(name, folder, found.key, stem, found.modified.date())

    def _after(self, folder: str, source: str) -> str:
        """Return the last key before the scope."""
        key = self._spool.noted("key")
        if source != self._spool.noted("source"):
            return self._scope.after(folder, source)
        if key.startswith(object_keys.CRAWLS):
            return key if folder == object_keys.CRAWLS else f"{object_keys.folder(folder, source)}~"
        if folder == object_keys.CRAWLS:
            return self._scope.after(folder, source)
        stem = object_keys.parse(key)
        last = {
            object_keys.CAPTURES: stem.capture,
            object_keys.OUTCOMES: stem.outcomes,
            object_keys.ARTICLES: f"{stem.articles_prefix}~",
        }
        return last.get(folder, f"{object_keys.quarantine_prefix(stem)}~")

    def _crawls(self, source: str) -> Iterator[Finding]:
        """A source's crawl reports, once its captures have been looked at."""
        after = self._after(object_keys.CRAWLS, source)
        listed = objects.listed(
            self._s3, bucket=self._capture_bucket, prefix=object_keys.folder(object_keys.CRAWLS, source), after=after
        )
        within = takewhile(lambda found: not self._scope.ends(object_keys.CRAWLS, source, found.key), listed)
        for key, body in ahead(self._read, (found.key for found in within)):
            report, findings = self._report(key, body)
            with self._spool.transaction():
                self._spool.find(findings)
                self._spool.see(key, None, sound=report is not None)
                if report:
                    item = item_keys.done(source, key) | {"counted": counters.of_crawl(report)}
                    self._spool.expect([item], key)
                self._reach(source, key, 1)
            self._tell(self.progress)
            yield from findings

    def _read(self, key: str) -> tuple[str, bytes]:
        return key, objects.get(self._s3, bucket=self._capture_bucket, key=key) or b""

    def _report(self, key: str, body: bytes) -> tuple[CrawlReport | None, list[Finding]]:
        try:
            report = CrawlReport.from_json(body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            detail = f"it cannot be read: {error}"
            return None, [Finding(kind=Kind.DAMAGED_CRAWL, where=self._capture_bucket, key=key, detail=detail)]
        return report, list(self._captured(key, report))

    def _captured(self, key: str, report: CrawlReport) -> Iterator[Finding]:
        """Yield captures missing from a crawl's report."""
        for capture, pages in report.captures.items():
            seen, kind = self._spool.seen(capture), Kind.DAMAGED_CAPTURE
            if seen is None and self._scope.since is None:
                kind, detail = Kind.NO_CAPTURE, f"{key} says that it has {pages} pages"
            elif seen and seen.pages not in {None, pages}:
                detail = f"it has {seen.pages} pages, and {key} says {pages}"
            else:
                continue
            yield Finding(kind=kind, where=self._capture_bucket, key=capture, detail=detail, captures=(capture,))

    def _trees(self) -> Iterator[Finding]:
        """Compare the daily trees with the records that were read; nothing is missing that is out of the scope."""
        for key, reason in compared(self._s3, self._capture_bucket, self._spool.ledger, whole=self._scope.whole):
            finding = Finding(kind=Kind.WRONG_TREE, where=self._capture_bucket, key=key, detail=reason)
            self._spool.find([finding])
            yield finding

    def _items(self) -> Iterator[Finding]:
        comparison = Comparison(self._table, self._spool, self._scope, exists=self._exists)
        with self._spool.transaction():  # one transaction: an interrupted comparison restarts
            expect(self._spool)
            for finding in self._withdrawals():
                self._spool.find([finding])
                yield finding
            for item in comparison.items():
                self.progress.items += 1
                self._tell(self.progress)
                if wrong := comparison.compare(item):
                    self._spool.find([wrong])
                    yield wrong
            for finding in comparison.rest():
                self._spool.find([finding])
                yield finding

    def _exists(self, key: str) -> bool:
        """Whether there is a WARC file or crawl report."""
        if key.startswith(object_keys.CAPTURES):
            return self._packs.exists(key)
        return objects.exists(self._s3, self._capture_bucket, key)

    def _withdrawals(self) -> Iterator[Finding]:
        """Yield remains of withdrawn stories in the index and in captures."""
        for withdrawal in withdrawals(self._s3, self._capture_bucket):
            if self._scope.sources and withdrawal.source not in self._scope.sources:
                continue
            self._spool.expect(withdrawal.items, "")
            for key in sorted({page.key for page in withdrawal.pages}):
                beside = object_keys.withdrawing(key)
                if objects.versions(self._s3, self._capture_bucket, key) > 1:
                    yield self._left(withdrawal, key, "an earlier version of it is still there")
                if objects.versions(self._s3, self._capture_bucket, beside):
                    yield self._left(withdrawal, beside, "a withdrawal was not finished")

    def _left(self, withdrawal: Withdrawal, key: str, detail: str) -> Finding:
        return Finding(kind=Kind.NOT_REMOVED, where=self._capture_bucket, key=key, detail=detail, story=withdrawal.id)


def _stem(folder: str, key: str) -> Stem:
    """Return the WARC file of an object. Raises ValueError for a key of another form."""
    if folder == object_keys.QUARANTINE:
        name, _, report = key.removeprefix(folder).rpartition("/")
        stem = object_keys.of_name(name)
        expected = object_keys.quarantine(stem, int(report.removesuffix(".json")))
    else:
        stem = object_keys.parse(key)
        expected = {object_keys.CAPTURES: stem.capture, object_keys.OUTCOMES: stem.outcomes}.get(folder, key)
    if key != expected or not stem.day:
        raise ValueError(key)
    return stem
