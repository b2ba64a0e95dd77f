"""Exports: each format says what the archive has, and a replay tool shows the very bytes."""

import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from typer.testing import CliRunner
from wacz.main import main as wacz
from warcio.archiveiterator import ArchiveIterator

from dateline import capture
from dateline.aws import objects
from dateline.capture import Exchange
from dateline.capture.gzip_members import members
from dateline.cli.main import app
from dateline.cli.reading.export import Format
from dateline.cli.stack import Stack
from dateline.cli.terminal.output import CommandError
from dateline.export import Export, captures, tables
from dateline.keys import crawl_names
from dateline.keys.object_keys import Stem
from dateline.query.filters import Selection
from infra.local.ministack import free_port
from tests.conftest import ROOT, Aws
from tests.support.checkout import until
from tests.support.samples import Newsroom

BEGINNINGS = (b'{"id":', b"id,url,", b"PAR1", b"\x1f\x8b", b"PK", b'{"index":')  # of a file of each format
AT = datetime(2019, 4, 17, 12, 0, 0, 250000, tzinfo=UTC)
STORIES = {
    "http://news.example.org/port": 'A dated story, "quoted"|Words.\n\nMore; words.',
    "http://news.example.org/?p=47&lang=ar": "A dated مرفأ|كلمات القصة",
    "http://news.example.org/third": "A dated third|Third words.",
}


def sent(text: str) -> bytes:
    """An answer as servers send it: compressed, in chunks."""
    body = gzip.compress(text.encode(), mtime=0)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\n\r\n"
    head = "Content-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked"
    return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + chunks


def exchange(number: int, url: str, text: str, rendered: bytes | None = None) -> Exchange:
    return Exchange(
        url=url,
        captured_at=AT + timedelta(seconds=number),
        request=f"GET {url} HTTP/1.1\r\nHost: news.example.org\r\n\r\n".encode(),
        response=sent(text),
        metadata={"source": "sample", "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"},
        rendered=rendered,
    )


@pytest.fixture
def newsroom(aws: Aws) -> Newsroom:
    """With all stories from one WARC file, in which there are other pages too."""
    newsroom = Newsroom(aws)
    key = Stem("sample", crawl_names.crawl_name(AT, "sample"), 0).capture
    pages = [exchange(number, url, text) for number, (url, text) in enumerate(STORIES.items())]
    pages.insert(1, exchange(9, "http://news.example.org/", "front page"))
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=capture.serialise(pages, key))
    newsroom.archive().add(key)
    return newsroom


def exported(newsroom: Newsroom, **wanted: Any) -> Export:
    query, selection = newsroom.query(), Selection(**wanted)
    return Export(query, selection.of(query), f"{selection}")


def capture_of(newsroom: Newsroom) -> bytes:
    (key,) = objects.keys(newsroom.aws.s3, bucket=newsroom.aws.captures, prefix="captures/")
    return objects.get(newsroom.aws.s3, bucket=newsroom.aws.captures, key=key) or b""


def test_json_lines_are_archives(newsroom: Newsroom) -> None:
    """JSON lines are the archives own."""
    export = exported(newsroom)
    lines = b"".join(tables.jsonl(export))
    (articles,) = (data for key, data in newsroom.objects().items() if key.startswith("articles/"))
    assert sorted(lines.splitlines()) == sorted(gzip.decompress(articles).splitlines())
    assert (export.done, export.unread) == (3, [])


def test_csv_has_flat_columns(newsroom: Newsroom) -> None:
    text = b"".join(tables.csv_rows(exported(newsroom))).decode()
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(found[0]) == tables.COLUMNS
    assert sorted((row["url"], f"{row['title']}|{row['text']}") for row in found) == sorted(STORIES.items())
    assert {row["gone_at"] for row in found} == {""}
    assert all(int(row["capture_length"]) > 0 for row in found)


def test_csv_cells_join_names() -> None:
    """A csv cell is a name or several."""
    article = {
        "dateline": {"text": "TUNIS", "place": "Tunis", "country": "tn"},
        "authors": ["Huda Salem", "Ali"],
        "places": [{"id": 1, "name": "Tunis", "country": "tn"}, {"id": 2, "name": "Sfax", "country": "tn"}],
        "paywalled": False,
        "capture": None,
    }
    cells = dict(zip(tables.COLUMNS, tables._cells({}, article), strict=True))
    names = ("dateline", "authors", "places", "paywalled", "title")
    assert [cells[name] for name in names] == ["TUNIS", "Huda Salem; Ali", "Tunis; Sfax", "false", ""]


def test_parquet_has_dataset_rows(newsroom: Newsroom, tmp_path: Path) -> None:
    """Parquet has the rows of the dataset."""
    tables.parquet(exported(newsroom), tmp_path / "stories.parquet")
    found = duckdb.execute("SELECT url, title || '|' || text FROM read_parquet($1)", [f"{tmp_path}/stories.parquet"])
    assert sorted(found.fetchall()) == sorted(STORIES.items())


def test_warc_has_all_records(newsroom: Newsroom, tmp_path: Path) -> None:
    """WARC has all records of each story byte for byte."""
    path = tmp_path / "stories.warc.gz"
    path.write_bytes(data := b"".join(captures.warc(exported(newsroom, source="sample", limit=2))))
    found = [(member, data[member.offset :][: member.length]) for member in members(io.BytesIO(data), begins=b"WARC/")]
    kinds = [capture.header(member.data, "warc-type") for member, _ in found]
    assert kinds == ["warcinfo", *["response", "request", "metadata"] * 2]
    assert b"description: source sample, limit 2" in found[0][0].data
    assert all(raw in capture_of(newsroom) for _, raw in found[1:])
    read = {each.url: each for each in capture.read(io.BytesIO(data))}
    assert len(read) == 2
    assert all(each.body.decode() == STORIES[url] for url, each in read.items())
    assert {each.metadata["source"] for each in read.values()} == {"sample"}
    subprocess.run([sys.executable, "-m", "warcio.cli", "check", str(path)], check=True, stdout=subprocess.DEVNULL)


def test_export_includes_rendered_page(aws: Aws) -> None:
    """What a browser made of a page goes with it."""
    newsroom = Newsroom(aws)
    key = Stem("sample", crawl_names.crawl_name(AT, "sample"), 0).capture
    pages = [exchange(0, "http://news.example.org/a", "shell", rendered=b"A dated story|Words.")]
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=capture.serialise(pages, key))
    newsroom.archive().add(key)
    (_, page) = captures.warc(exported(newsroom))
    assert [record.rec_type for record in ArchiveIterator(io.BytesIO(page))] == [
        "response",
        "conversion",
        "request",
        "metadata",
    ]


@pytest.mark.parametrize("chunks", [tables.jsonl, tables.csv_rows, captures.warc])
def test_unreadable_story_is_reported(newsroom: Newsroom, chunks: Callable[[Export], Iterator[bytes]]) -> None:
    """What cannot be read is told and the rest exported."""
    newsroom.archive().add(newsroom.capture(("late", "Another story|Its words.")))
    (late,) = [story for story in newsroom.query().of_all() if story["title"] == "Another story"]
    bucket, at = (
        (newsroom.aws.captures, late["capture"]) if chunks is captures.warc else (newsroom.aws.archive, late["article"])
    )
    newsroom.aws.s3.delete_object(Bucket=bucket, Key=at["key"])
    export = exported(newsroom)
    assert list(chunks(export))
    assert (export.done, export.unread) == (3, [late["id"]])


def test_wacz_is_valid(newsroom: Newsroom, tmp_path: Path) -> None:
    """WACZ is valid and its pages are the stories."""
    path = tmp_path / "stories.wacz"
    captures.wacz(exported(newsroom, country="ly"), path)
    assert wacz(["validate", "--file", str(path)]) == 0
    with zipfile.ZipFile(path) as file:
        head, *pages = map(json.loads, file.read("pages/pages.jsonl").splitlines())
        index = gzip.decompress(file.read("indexes/index.cdx.gz")).decode().splitlines()
        package = json.loads(file.read("datapackage.json"))
        data = file.read("archive/data.warc.gz")
    assert head["hasText"] is True
    assert {page["url"]: f"{page['title']}|{page['text']}" for page in pages} == STORIES
    assert sorted(json.loads(line.split(" ", 2)[2])["url"] for line in index) == sorted(STORIES)
    assert package["title"] == "country ly"
    digests = {resource["path"]: resource["hash"] for resource in package["resources"]}
    assert digests["archive/data.warc.gz"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture(scope="session")
def pywb() -> Path:
    """The commands of pywb, in an environment of its own, ``.venv/replay``."""
    folder, pins = ROOT / ".venv" / "replay", (ROOT / "tests" / "pywb.txt")
    made = folder / "made.txt"
    if not made.exists() or made.read_bytes() != pins.read_bytes():
        uv = [sys.executable, "-m", "uv"]
        install = ["pip", "install", "--quiet", "--python", f"{folder}/bin/python", "--requirements", str(pins)]
        for command in (["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], install):
            done = subprocess.run([*uv, *command], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"pywb cannot be installed: {done.stderr.strip()[-300:]}")
        made.write_bytes(pins.read_bytes())
    return folder / "bin"


@contextmanager
def replaying(pywb: Path, wacz: Path, folder: Path) -> Iterator[str]:
    """pywb serving a WACZ file as the collection ``stories``; gives its address."""
    for arguments in (["init", "stories"], ["add", "--unpack-wacz", "stories", str(wacz)]):
        subprocess.run([pywb / "wb-manager", *arguments], cwd=folder, check=True, capture_output=True)
    port = free_port()
    command = [str(pywb / "wayback"), "--bind", "127.0.0.1", "--port", f"{port}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: server.poll() is not None or b"Starting" in (folder / "log").read_bytes())
        yield f"http://127.0.0.1:{port}/stories"
    finally:
        server.terminate()
        server.wait()


def test_pywb_replays_bytes(newsroom: Newsroom, pywb: Path, tmp_path: Path) -> None:
    """Pywb shows the very bytes that were sent."""
    captures.wacz(exported(newsroom), tmp_path / "stories.wacz")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with replaying(pywb, tmp_path / "stories.wacz", tmp_path) as address:
        for number, (url, text) in enumerate(STORIES.items()):
            at = f"{AT + timedelta(seconds=number):%Y%m%d%H%M%S}"
            asked = urllib.request.Request(f"{address}/{at}id_/{url}", headers={"Accept-Encoding": "gzip"})
            with direct.open(asked, timeout=20) as answer:
                assert answer.headers["Content-Encoding"] == "gzip"
                assert answer.read() == gzip.compress(text.encode(), mtime=0)
                assert answer.headers["Memento-Datetime"] == f"{AT + timedelta(seconds=number):%a, %d %b %Y %X GMT}"


@pytest.fixture
def stack(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command find this archive."""
    aws = newsroom.aws
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive}
    found = Stack(s3=aws.s3, sqs=boto3.client("sqs"), table=aws.table, outputs=outputs)
    monkeypatch.setattr(Stack, "find", lambda _: found)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("form", "begins"), list(zip(Format, BEGINNINGS, strict=True)))
def test_the_command_writes_each_format(form: Format, begins: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"stories.{form}"
    path.write_bytes(b"of before")
    done = CliRunner().invoke(app, ["export", "--format", form, "-o", str(path), "--country", "ly"])
    assert done.exit_code == 0, done.output
    assert path.read_bytes().startswith(begins)
    mapping = [path.with_suffix(".index.json")] if form is Format.OPENSEARCH else []
    assert sorted(tmp_path.iterdir()) == sorted([path, *mapping])
    assert all("mappings" in json.loads(each.read_text("utf-8")) for each in mapping)


@pytest.mark.usefixtures("stack")
def test_export_to_standard_output() -> None:
    """Without a file it goes to standard output."""
    done = CliRunner().invoke(app, ["export", "--format", "jsonl", "--text", "third words"])
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == ["A dated third"]
    assert "1 story" in done.stderr


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("arguments", [["--format", "wacz"], ["--format", "parquet"], ["--format", "epub"], []])
def test_wrong_usage_is_told(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["export", *arguments]).exit_code == 2


@pytest.mark.usefixtures("stack")
def test_interrupted_export_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted it leaves what was there."""

    def interrupted(export: Export) -> Iterator[bytes]:
        yield next(export_jsonl(export))
        raise KeyboardInterrupt

    export_jsonl = tables.jsonl
    monkeypatch.setattr(tables, "jsonl", interrupted)
    (path := tmp_path / "stories.jsonl").write_bytes(b"of before")
    assert CliRunner().invoke(app, ["export", "--format", "jsonl", "-o", str(path)]).exit_code != 0
    assert path.read_bytes() == b"of before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("stack")
def test_unwritable_file_is_told(tmp_path: Path) -> None:
    """A file that cannot be written is named, with the reason."""
    path = tmp_path / f"{'x' * 300}.csv"
    done = CliRunner().invoke(app, ["export", "--format", "csv", "-o", str(path)])
    assert isinstance(done.exception, CommandError)
    assert f"{path} cannot be written: File name too long; name another file" in str(done.exception)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("path", "says"), [("absent/stories.wacz", "no folder"), ("stories.wacz", "export")])
def test_what_is_missing_is_told(path: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wacz.main", None)
    done = CliRunner().invoke(app, ["export", "--format", "wacz", "-o", str(tmp_path / path)])
    assert isinstance(done.exception, CommandError)
    assert says in str(done.exception)
