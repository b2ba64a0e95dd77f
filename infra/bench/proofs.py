"""A day's tree over many records, its root signed and stamped, and the proof of one story from it."""

import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from dateline import capture
from dateline.article import Article
from dateline.capture import Exchange, PageRecords
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.proofs import signing
from dateline.proofs.bundle import prove
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import Stamps
from dateline.proofs.trees import Trees
from infra.bench.result import Result, Row, Target

METHOD = (
    "Made-up captures of one day as files on disk, in a process of its own: the tree is written, signed by a file's "
    "key and published as the stamp function does. MB is the process's peak beside what it has with its imports (total "
    "MB). The authority's timestamp is left out; in the proof it has 1,500 random bytes. Dollars are list prices of "
    "us-east-1, 2025, for a million first captures: requests, one vCPU of Lambda by this run's time, and the storage "
    "of leaves for a year."
)
_DAY = date(2026, 4, 17)
_PAGES = 12  # in a WARC file: a minute of crawling at a delay of 5 s
_BODY = 20_000  # bytes of a page, compressed by its server
_RECORDS = 3  # of a page: response, request, metadata
_SECONDS, _MEGABYTES, _PROOF, _DOLLARS = 60, 100, 20_000, 0.10  # targets
_GET, _PUT, _STORED = 0.4e-6, 5e-6, 0.023e-9 * 12  # dollars: a request, a request, a byte's year
_SECOND = 1.769 * 13.33e-6  # dollars: a second of the stamp function


def run(*, count: int, rounds: int, pages: Path | None) -> Result:
    """Write the tree of ``count`` records once: it is the same each time."""
    del rounds, pages
    with tempfile.TemporaryDirectory() as folder:
        stories = _capture(Folder(Path(folder)), count)
        command = [sys.executable, "-m", "infra.bench.proofs", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        found["proof_bytes"] = _proof_size(Folder(Path(folder)))
    found["dollars_per_million"] = round(_dollars(found) / stories * 1e6, 4)
    figures = {
        name: found[name] for name in ("records", "seconds", "mb", "total_mb", "proof_bytes", "dollars_per_million")
    }
    return Result(bench="proofs", method=METHOD, rows=[Row("dateline", figures)], targets=_targets(found))


def _targets(found: dict[str, float]) -> list[Target]:
    wanted = {
        f"{_SECONDS} s that the tree may take": found["seconds"] / _SECONDS,
        f"{_MEGABYTES} MB that it may take": found["mb"] / _MEGABYTES,
        f"{_PROOF} bytes that a proof may have beside its records": found["proof_bytes"] / _PROOF,
        f"${_DOLLARS} that a million stories may cost": found["dollars_per_million"] / _DOLLARS,
    }
    return [Target(what=what, ratio=ratio, at_most=1) for what, ratio in wanted.items()]


def _dollars(found: dict[str, float]) -> float:
    requests = found["gets"] * _GET + found["puts"] * _PUT
    return requests + found["seconds"] * _SECOND + found["kept_bytes"] * _STORED


class Folder:
    """The few of S3's calls that trees need, over a folder, counted."""

    def __init__(self, path: Path) -> None:
        self.path, self.calls = path, Counter[str]()

    def put_object(self, **request: Any) -> dict[str, Any]:
        self.calls["puts"] += 1
        path = self.path / request["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(request["Body"])
        return {"ETag": ""}

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.calls["gets"] += 1
        try:
            return {"Body": (self.path / request["Key"]).open("rb"), "ETag": ""}
        except FileNotFoundError as error:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject") from error

    def get_paginator(self, _: str) -> "Folder":
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        names = sorted(f"{path.relative_to(self.path)}" for path in self.path.rglob("*") if path.is_file())
        wanted = [name for name in names if name.startswith(request["Prefix"])]
        for start in range(0, len(wanted), 1000):
            self.calls["puts"] += 1  # a LIST costs as much
            yield {"Contents": [self._listed(name) for name in wanted[start : start + 1000]]}

    def _listed(self, name: str) -> dict[str, Any]:
        at = datetime.combine(_DAY, datetime.min.time(), UTC)
        return {"Key": name, "Size": (self.path / name).stat().st_size, "LastModified": at}


def _capture(s3: Folder, count: int) -> int:
    """Write WARC files of one day with so many records in all; return the number of pages."""
    noise, at, pages = os.urandom(1 << 20), datetime.combine(_DAY, datetime.min.time(), UTC), 0
    for number in range(-(-count // (_PAGES * _RECORDS + 1))):
        stem = Stem("sample", crawl_names.crawl_name(at + timedelta(seconds=number), "bench"), 0)
        exchanges = [_exchange(stem, page, noise) for page in range(_PAGES)]
        s3.put_object(Key=stem.capture, Body=capture.serialise(exchanges, stem.capture))
        pages += _PAGES
    return pages


def _exchange(stem: Stem, page: int, noise: bytes) -> Exchange:
    url = f"https://news.example.org/{stem.crawl}/a-story-of-the-day-with-a-headline-in-its-address-{page}"
    start = int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big") % (len(noise) - _BODY)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n\r\n"
    return Exchange(
        url=url,
        captured_at=crawl_names.crawl_time(stem.crawl) + timedelta(seconds=page),
        request=b"GET / HTTP/1.1\r\nHost: news.example.org\r\nUser-Agent: Dateline\r\n\r\n",
        response=head + noise[start : start + _BODY],
        metadata={"source": stem.source, "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"},
    )


def _stamp(folder: Path) -> dict[str, float]:
    """Write the day's tree, sign and publish its root; what that took."""
    s3 = Folder(folder)
    before, begun = _resident(), time.perf_counter()
    written = Trees(cast("Any", s3), "captures").write(_DAY)
    stamps = Stamps(cast("Any", s3), "captures", signer=FileSigner(folder.with_suffix(".pem")))
    stamps.add(datetime.combine(_DAY, datetime.min.time(), UTC))
    seconds = time.perf_counter() - begun
    folder.with_suffix(".pem").unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    kept = sum(path.stat().st_size for path in (folder / object_keys.PROOFS).rglob("*") if path.is_file())
    figures = {
        "records": written.records,
        "seconds": round(seconds, 2),
        "mb": round(peak - before, 1),
        "total_mb": round(peak, 1),
    }
    return {**figures, "kept_bytes": kept, "gets": s3.calls["gets"], "puts": s3.calls["puts"]}


def _resident() -> float:
    """The process's memory, MB."""
    (line,) = [line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


class _OneStory:
    """What ``prove`` asks an archive for, of a story of one revision."""

    def __init__(self, s3: Folder) -> None:
        self._path = next(path for path in sorted(s3.path.rglob("*.warc.gz")))

    def article(self, _: object) -> Article:
        text = "\n\n".join(["Traders in the old market said that prices had doubled within a week."] * 20)
        return Article(id="A" * 26, url="https://news.example.org/a", title="A story", text=text, digest="", revision=1)

    def records(self, _: object) -> PageRecords:
        body = self._path.read_bytes()
        (first, *_) = capture.read(io.BytesIO(body))
        return capture.page_records(io.BytesIO(body[first.offset :]))


def _proof_size(s3: Folder) -> int:
    """Bytes of a story's proof beside its records, with a timestamp of the usual size."""
    s3.put_object(
        Key=object_keys.proof(f"{_DAY}", "sample.tsr"), Body=os.urandom(1500)
    )  # RSA of 4096 bits, no certificates
    chain = signing.pem("CERTIFICATE", os.urandom(2500))
    s3.put_object(Key=object_keys.proof_authority("sample"), Body=chain)
    item: Any = {"revision": 1, "indexed_at": f"{_DAY}T12:00:00+00:00"}
    data = prove(cast("Any", s3), "captures", cast("Any", _OneStory(s3)), [item])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        records = sum(each.compress_size for each in archive.infolist() if each.filename.startswith("records/"))
    return len(data) - records


if __name__ == "__main__":
    print(json.dumps(_stamp(Path(sys.argv[1]))))
