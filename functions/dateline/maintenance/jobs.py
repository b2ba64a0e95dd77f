"""Maintenance in shards: a source's month at a time, by the same code in this process and in the stack.

In the stack, the state machine of template.yaml (a Distributed Map) runs the maintain function for each shard of
``reports/maintain/<run>/shards.json``. A shard writes its result and does nothing where there is one, so a run that was
killed is continued under the same name. A shard that is out of time says so, and is called again.

=============== ============================ ========================================
job             shards                       result
=============== ============================ ========================================
``pack``        source and month of capture  counts (``packing.PackedDays``)
``reextract``   source and month             counts; changes are in ``reports/reextract/<run>/``
``index``       source and month             counts, and WARC files that are not archived yet
``state``       source                       counts; the crawl's state, after ``index``
``verify``      source and month             what verification saw (``verify.spool``), in an object of its own
``find``        source and month             pages of a story to be withdrawn (``withdraw.Found``)
``find-others`` source and month             the same, with its pages under other ids; replaces ``find``
``withdraw``    source and month of a page   counts, and locked WARC files; after the tombstone
=============== ============================ ========================================
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dateline.archive.store import committed
from dateline.archive.writer import ArchiveWriter
from dateline.article import Extraction
from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.capture import inventory
from dateline.index.index import Index
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.packing import PackedDays, Packing
from dateline.maintenance.rebuild import index_file, restore_state
from dateline.maintenance.reextract import Reextraction
from dateline.maintenance.withdraw import Found, Locked, Withdrawing
from dateline.messages import ReextractMessage
from dateline.monitoring.counter_writes import Counters
from dateline.page import Page

Job = Literal["pack", "reextract", "index", "state", "verify", "find", "find-others", "withdraw"]
Result = dict[str, Any]


class Shard(NamedTuple):
    """A source's month (``yyyy-mm``); all of its months if that is empty."""

    source: str
    month: str = ""


class Maintenance:
    """Runs shards.

    ``extract`` returns an ``Extraction`` for a page; only re-extraction uses it. ``ids`` are those of a story to be
    withdrawn.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        extract: Callable[[Page], Extraction],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ids: Sequence[str] = (),
    ) -> None:
        self._deployment, self._extract, self._clock, self._ids = deployment, extract, clock, ids
        self._s3, self._archive = deployment.s3, deployment.archive_bucket

    def run(self, job: Job, run: str, shard: Shard, going: Callable[[], bool] = lambda: True) -> Result:
        """Do a shard of a run, or the rest of it, while ``going``; return its result, with ``done``."""
        where = object_keys.shard_result(run, job, *shard)
        before = self._result(run, job, shard) or {}
        if before.get("done"):
            return before
        found = added(before, _JOBS[job](self, run, shard, going))
        self._s3.put_object(Bucket=self._archive, Key=where, Body=json.dumps(found, ensure_ascii=False).encode())
        return found

    def _pack(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:  # noqa: ARG002
        packing, packed = Packing(self._deployment, clock=self._clock), PackedDays()
        for day in packing.days(*shard):
            if not going():
                return asdict(packed) | {"done": False}
            packed.add(packing.pack_day(shard.source, day))
        return asdict(packed) | {"done": True}

    def _reextract(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:
        index = Index(self._deployment.table)
        archive = ArchiveWriter(deployment=self._deployment, index=index, extract=self._extract, clock=self._clock)
        works = Reextraction(archive)
        for number, stem in enumerate(self._stems(shard)):
            if not going():
                return {"captures": number, "done": False}
            works.reextract(ReextractMessage(run=run, key=stem.capture))
        return {"captures": len(list(self._stems(shard))), "done": True}

    def _index(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:  # noqa: ARG002
        index = Index(self._deployment.table, Counters(self._deployment.table, notes=False))
        found: Result = {"captures": 0, "stories": 0, "unarchived": []}
        for stem in self._stems(shard):
            if not going():
                return {"captures": 0, "stories": 0, "unarchived": [], "done": False}
            settled = committed(self._s3, self._archive, stem)
            found["captures"] += 1
            found["stories"] += index_file(index, stem, settled)
            found["unarchived"] += [] if settled else [stem.capture]
        return found | {"done": True}

    def _state(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:  # noqa: ARG002
        return {"crawls": restore_state(self._deployment, shard.source, self._clock()), "done": True}

    def _verify(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:  # noqa: ARG002
        from dateline.verify import Scope, Spool, Verification  # noqa: PLC0415 - SQLite, for this job alone

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "spool.sqlite")
            with closing(Spool(path)) as spool:
                scope = Scope((shard.source,), month=shard.month)
                verification = Verification(self._deployment, spool, scope=scope)
                found = sum(1 for _ in verification.seen())
            body = path.read_bytes()
        self._s3.put_object(Bucket=self._archive, Key=object_keys.shard_spool(run, *shard), Body=body)
        return {"objects": verification.progress.objects, "found": found, "done": True}

    def _find(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:  # noqa: ARG002
        withdrawing = Withdrawing(self._deployment, clock=self._clock)
        return withdrawing.find(shard.source, self._ids, shard.month).to_dict() | {"done": True}

    def _withdraw(self, run: str, shard: Shard, going: Callable[[], bool]) -> Result:
        withdrawing, locked = Withdrawing(self._deployment, clock=self._clock), list[Locked]()
        found = Found.from_dict(self._result(run, "find-others", shard) or self._result(run, "find", shard) or {})
        files = found.by_file()
        for number, (stem, pages) in enumerate(files.items()):
            if not going():
                return {"captures": number, "locked": [*map(asdict, locked)], "done": False}
            locked += withdrawing.remove(stem, pages, self._ids[0], run)
        return {"captures": len(files), "locked": [*map(asdict, locked)], "done": True}

    def _result(self, run: str, job: Job, shard: Shard) -> Result | None:
        body = objects.get(self._s3, bucket=self._archive, key=object_keys.shard_result(run, job, *shard))
        result: Result | None = json.loads(body) if body else None
        return result

    def _stems(self, shard: Shard) -> Iterator[Stem]:
        return inventory.held(self._s3, self._deployment.capture_bucket, of=[shard.source], month=shard.month or None)


_JOBS: dict[Job, Callable[[Maintenance, str, Shard, Callable[[], bool]], Result]] = {
    "pack": Maintenance._pack,
    "reextract": Maintenance._reextract,
    "index": Maintenance._index,
    "state": Maintenance._state,
    "verify": Maintenance._verify,
    "find": Maintenance._find,
    "find-others": Maintenance._find,
    "withdraw": Maintenance._withdraw,
}
_FOLDERS: dict[Job, tuple[str, ...]] = {
    "pack": (object_keys.CAPTURES,),
    "reextract": (object_keys.CAPTURES, object_keys.PACKS),
    "index": (object_keys.CAPTURES, object_keys.PACKS),
    "state": (object_keys.CAPTURES, object_keys.PACKS, object_keys.CRAWLS),
    "verify": (
        object_keys.CAPTURES,
        object_keys.PACKS,
        object_keys.CRAWLS,
        object_keys.OUTCOMES,
        object_keys.ARTICLES,
        object_keys.QUARANTINE,
    ),
    "find": (object_keys.OUTCOMES,),
    "find-others": (object_keys.OUTCOMES,),
}


def shards(deployment: Deployment, job: Job, of: Sequence[str] = ()) -> list[Shard]:
    """Return the shards of a job on some sources, or on all; oldest months first, as stories were archived."""
    found = set[Shard]()
    for folder in _FOLDERS[job]:
        bucket = deployment.archive_bucket if folder in _DERIVED else deployment.capture_bucket
        for source in of or objects.folders(deployment.s3, bucket, folder):
            months = [""] if job == "state" else _months(deployment, bucket, folder, source)
            found.update(Shard(source, month) for month in months)
    return sorted(found, key=lambda shard: (shard.month, shard.source))


def plan(deployment: Deployment, run: str, job: Job, wanted: Iterable[Shard], ids: Sequence[str] = ()) -> str:
    """Write the shards of a run where the state machine reads them; return its input as JSON.

    ``ids`` are those of a story to be withdrawn.
    """
    key = object_keys.shards(run, job)
    body = json.dumps([shard._asdict() for shard in wanted]).encode()
    objects.put_once(deployment.s3, bucket=deployment.archive_bucket, key=key, body=body)
    return json.dumps({"job": job, "run": run, "bucket": deployment.archive_bucket, "shards": key, "ids": [*ids]})


def results(deployment: Deployment, run: str, job: Job) -> dict[Shard, Result]:
    """Return the finished shards of a run."""
    found = dict[Shard, Result]()
    prefix = object_keys.shard_results(run, job)
    for key in objects.keys(deployment.s3, bucket=deployment.archive_bucket, prefix=prefix):
        if key.endswith(".json"):
            source, _, month = key.removeprefix(prefix).removesuffix(".json").partition("/")
            result = json.loads(objects.get(deployment.s3, bucket=deployment.archive_bucket, key=key) or b"{}")
            if result.get("done"):
                found[Shard(source, "" if month == object_keys.ALL_MONTHS else month)] = result
    return found


def added(one: Result, other: Result) -> Result:
    """Return the sum of two results: numbers and lists are added, ``done`` is the second's."""
    names = [*one, *(name for name in other if name not in one)]
    sums = {name: one[name] + other[name] for name in names if name in one and name in other and name != "done"}
    return {name: sums.get(name, other.get(name, one.get(name))) for name in names}


_DERIVED = {object_keys.OUTCOMES, object_keys.ARTICLES, object_keys.QUARANTINE}


def _months(deployment: Deployment, bucket: str, folder: str, source: str) -> Iterator[str]:
    """The months with objects of a source in a folder."""
    prefix = object_keys.folder(folder, source)
    if folder == object_keys.QUARANTINE:  # by WARC file
        for name in objects.folders(deployment.s3, bucket, prefix):
            yield f"{name[:4]}-{name[4:6]}"
        return
    for year in objects.folders(deployment.s3, bucket, prefix):
        for month in objects.folders(deployment.s3, bucket, f"{prefix}{year}/"):
            yield f"{year}-{month}"
