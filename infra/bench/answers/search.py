"""Search: CPU and bytes of queries over the shards of a large archive, the index's size, and the cost of queries.

The archive has ``count`` stories in 24 months. A query within three months reads their three shards alone, so those
are built, at their full size, and the rest is extrapolated. Shards and articles come from an S3 of a few lines on
loopback; a cold query is a new process with an empty cache, as a new Lambda environment is. A page of 50 lists stories
by publication, of one code or all, either way; the table adds one call to it.
"""

import gzip
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from dateline import instants
from dateline.article import Article, content_digest
from dateline.keys import identifiers, object_keys
from dateline.search.index import part_file
from dateline.search.index.manifest import Manifest, Part
from dateline.search.index.schema import Entry
from infra.bench.inputs.synthetic_stories import Piece, pieces
from infra.bench.result import Result, Row, Target

MONTHS, VISITED = 24, ("2026-03", "2026-04", "2026-05")
BUCKET = "bench"
_DISTINCT = 20_000  # stories that are written; each is in the archive several times, on other days
_QUERIES = (
    "minister port strike",
    "الوزير الميناء",
    '"le gouvernement"',
    "liman grev",
    "haftar",
    "title:minister -port",
)
_LISTED: tuple[dict[str, list[str]], ...] = ({}, {"country": ["ly"]}, {"language": ["ar"]}, {"about": ["eg"]})
_COLD_CPU, _WARM_CPU = 1.0, 0.020  # seconds: the targets
_LAMBDA_GB_SECOND, _LAMBDA_REQUEST, _S3_GET = 0.0000133334, 0.0000002, 0.0000004  # us-east-1, arm64, November 2026
_MEMORY = 1.769  # GB of the function: one processor
_PAUSE_MS = 15.0  # of a GET to S3 from Lambda, waited for beside the CPU


def run(count: int, rounds: int, pages: Path | None) -> Result:
    """Return the figures of ``count`` stories; ``pages`` is not used."""
    del pages
    with tempfile.TemporaryDirectory(prefix="dateline-bench-") as name:
        folder = Path(name)
        built = build(folder, count)
        with serving(folder) as endpoint:
            cold = [_measured(endpoint, query) for query in islice(cycle(_QUERIES), rounds)]
        return _result(count, built, cold)


def build(folder: Path, count: int) -> dict[str, float]:
    """Write the three shards with their articles into a folder; return seconds and bytes of all of them."""
    each, chance = count // MONTHS, random.Random(1)  # noqa: S311 - the same each time
    written = pieces(min(_DISTINCT, max(each, 2)))
    months, spent = dict[str, tuple[Part, ...]](), 0.0
    text = articles = size = 0
    for month in VISITED:
        found = list(_stories(month, islice(cycle(written), each), chance))
        text += sum(len(f"{article.title}{article.text}".encode()) for article in found)
        entries, stored = _store(folder, month, found)
        articles += stored
        began = time.process_time()
        packed = part_file.base(month, entries)
        spent += time.process_time() - began
        key = object_keys.search_part(month, "base")
        _write(folder, key, packed.body)
        months[month] = (Part(key, len(packed.body), packed.stories, base=True),)
        size += len(packed.body)
    _write(folder, object_keys.SEARCH_MANIFEST, Manifest(months).to_json())
    stories = each * len(VISITED)
    return {"stories": stories, "cpu": spent, "text": text, "articles": articles, "index": size}


def _stories(month: str, written: Iterator[Piece], chance: random.Random) -> Iterator[Article]:
    begins = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    for number, piece in enumerate(written):
        at = instants.utc(begins + timedelta(seconds=chance.randrange(28 * 86_400)))
        title = f"{piece.title} {number % 997}"
        yield Article(
            id=identifiers.article_id(f"{month}-{number}"),
            url=f"https://{piece.outlet}.example/{month}/{number}",
            title=title,
            text=piece.text,
            digest=content_digest(title, piece.text),
            source=piece.outlet,
            outlet_country="ly",
            language=piece.language,
            published_at=at,
            captured_at=at,
            first_seen_at=at,
            indexed_at=at,
            revision=1,
        )


def _store(folder: Path, month: str, found: Sequence[Article]) -> tuple[list[Entry], int]:
    """The entries of stories whose articles are gzip members of one object."""
    key, entries, offset = f"{object_keys.ARTICLES}{month}.jsonl.gz", [], 0
    path = folder / BUCKET / key
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        for article in found:
            line = gzip.compress(article.to_json().encode(), compresslevel=1, mtime=0)
            out.write(line)
            item = article.to_dict() | {"article": {"key": key, "offset": offset, "length": len(line)}}
            entries.append(Entry.of({name: value for name, value in item.items() if value is not None}, article))
            offset += len(line)
    return entries, offset


def _write(folder: Path, key: str, body: bytes) -> None:
    path = folder / BUCKET / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


class _S3(SimpleHTTPRequestHandler):
    """GETs of a folder as S3 answers them, ranges too."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body, asked = path.read_bytes(), re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked:
            body = body[int(asked[1]) : int(asked[2]) + 1]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"x"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal quiet."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the folder on loopback; yield the endpoint."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_S3, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _measured(endpoint: str, query: str) -> dict[str, float]:
    """A query in a new process with an empty cache, then the same archive's other queries in the warm process."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "infra.bench.answers.search", endpoint, cache, query]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in json.loads(ran.stdout).items()}


def _result(count: int, built: dict[str, float], cold: Sequence[dict[str, float]]) -> Result:
    figures = {name: median(each[name] for each in cold) for name in cold[0]}
    stories = built["stories"]
    rows = [
        Row("cold", {"cpu_s": figures["cold"], "read_MB": figures["fetched"] / 1e6, "gets": figures["cold_gets"]}),
        Row("warm", {"cpu_s": figures["warm"], "read_MB": figures["warm_bytes"] / 1e6, "gets": figures["warm_gets"]}),
        Row(
            "page of 50",
            {"cpu_s": figures["page"], "read_MB": figures["page_bytes"] / 1e6, "gets": figures["page_gets"]},
        ),
    ]
    per = {name: built[name] / stories for name in ("index", "text", "articles")}
    thousand = 1000 * (
        (figures["warm"] + figures["warm_gets"] * _PAUSE_MS / 1000) * _MEMORY * _LAMBDA_GB_SECOND
        + _LAMBDA_REQUEST
        + figures["warm_gets"] * _S3_GET
    )
    notes = (
        f"index {per['index']:.0f} B a story, {built['index'] / built['text']:.2f} of the text's {per['text']:.0f} B; "
        f"{count:,} stories: {count * per['index'] / 1e9:.2f} GB",
        f"to index: {1000 * built['cpu'] / stories:.2f} ms CPU a story",
        f"a thousand warm queries: {thousand:.4f} US dollars (Lambda and S3, us-east-1)",
    )
    targets = (
        Target(what="cold target of 1 s", ratio=figures["cold"] / _COLD_CPU, at_most=1.0),
        Target(what="warm target of 20 ms", ratio=figures["warm"] / _WARM_CPU, at_most=1.0),
    )
    method = f"{count:,} stories in {MONTHS} shards; queries within three months, {len(cold)} processes, medians"
    return Result(bench="search", method=method, rows=rows, targets=list(targets), notes=list(notes))


def _query(endpoint: str, cache: str, query: str) -> None:
    """Print the CPU of this process's first query, start included, and of the following ones."""
    import boto3  # noqa: PLC0415 - part of what is measured

    from dateline.search.index.cache import Cache  # noqa: PLC0415
    from dateline.search.query.find import Search  # noqa: PLC0415

    s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    gets: list[int] = []
    s3.meta.events.register("after-call.s3", lambda http_response, **_: gets.append(_length(http_response)))
    held = Cache(Path(cache), 4_000_000_000)
    archive = Search(s3, BUCKET, held)
    search = partial(archive.find, since=date(2026, 3, 1), until=date(2026, 5, 31))
    search(query)
    cold, first = _cpu(), len(gets)
    warm = [_spent(partial(search, other)) for other in _QUERIES]
    later, listing = gets[first:], len(gets)
    page = [_spent(partial(archive.page, codes, by=by)) for codes in _LISTED for by in ("newest", "oldest")]
    print(
        json.dumps(
            {
                "cold": cold,
                "fetched": held.fetched,
                "cold_gets": first,
                "warm": median(warm),
                "warm_bytes": sum(later) / len(_QUERIES),
                "warm_gets": len(later) / len(_QUERIES),
                "page": median(page),
                "page_bytes": sum(gets[listing:]) / len(page),
                "page_gets": len(gets[listing:]) / len(page),
            }
        )
    )


def _spent(call: Callable[[], object]) -> float:
    """The seconds of CPU that a call takes."""
    began = _cpu()
    call()
    return _cpu() - began


def _length(response: Any) -> int:
    return int(response.headers.get("Content-Length", 0))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _query(*sys.argv[1:])
