"""Import: what others collected comes into the archive with its own time and bytes, once, and the rest has a reason."""

import gzip
import io
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from dateline import capture
from dateline.article import Outcome
from dateline.importing import warcs
from dateline.importing.found import UnreadableError
from dateline.importing.outlets import Outlets
from dateline.keys import object_keys
from infra.newsroom import serve
from tests.conftest import Aws
from tests.support.imports import AT, GAZETTE, Import, page, record, response, stories
from tests.support.samples import gzipped

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def bring(aws: Aws) -> Import:
    return Import(aws)


def torn(compress: Callable[[bytes], bytes]) -> bytes:
    """Three compressed stories, the second one damaged."""
    first, second, third = map(compress, stories(3))
    return first + second[:100] + bytes(50) + second[150:] + third


def with_dictionary(records: Sequence[bytes]) -> bytes:
    """A .warc.zst whose frames need a dictionary, which is the skippable frame before them."""
    trained = zstd.train_dict([each + bytes([n]) * 9 for n in range(99) for each in records], 2000)
    frames = [zstd.compress(each, zstd_dict=trained) for each in records]
    return struct.pack("<II", 0x184D2A5D, len(trained.dict_content)) + trained.dict_content + b"".join(frames)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.warc", b"".join(stories())),
        ("a.warc", b"".join(stories(version="1.0"))),
        ("a.warc.gz", b"".join(map(gzipped, stories()))),
        ("a.warc.gz", gzipped(b"".join(stories()))),
        ("a.warc.zst", b"".join(map(zstd.compress, stories()))),
        ("a.warc.zst", with_dictionary(stories())),
    ],
)
def test_pages_keep_time_and_bytes(bring: Import, tmp_path: Path, name: str, data: bytes) -> None:
    """Pages come in with their own time and bytes."""
    (tmp_path / name).write_bytes(data)
    (imported,) = bring(tmp_path / name)
    assert (imported.captured, imported.refused, imported.damage) == (3, {}, None)
    ((key, captured),) = bring.captures().items()
    assert key == "captures/gazette/2019/04/16/20190416T000000Z-import-0.warc.gz"
    assert [each.body for each in captured] == [page(n) for n in range(3)]
    assert {each.captured_at for each in captured} == {datetime.fromisoformat(AT)}
    known = {"family": "import", "discovered_from": name, "source": "gazette", "country": "ly"}
    assert captured[0].metadata == known | {"languages": ["en", "ar"], "timezone": "Africa/Tripoli"}
    assert bring.outcomes == {Outcome.ARCHIVED: 3}


def test_imported_captures_are_sound(bring: Import, tmp_path: Path) -> None:
    """What is captured is sound for other tools."""
    (tmp_path / "page.html").write_bytes(
        page().replace(b"</title>", b"</title><link rel=canonical href=https://gazette.example/p>")
    )
    (tmp_path / "a.warc").write_bytes(b"".join(stories()))
    bring(tmp_path)
    for each in bring.aws.s3.list_objects_v2(Bucket=bring.aws.captures)["Contents"]:
        copy = tmp_path / each["Key"].replace("/", "_")
        bring.aws.s3.download_file(bring.aws.captures, each["Key"], str(copy))
        check = [sys.executable, "-m", "warcio.cli", "check", "-v", str(copy)]
        said = subprocess.run(check, capture_output=True, text=True, check=True).stdout
        assert "digest pass" in said
        assert "fail" not in said


@pytest.mark.parametrize(
    ("block", "headers", "reason"),
    [
        (response(b"\x89PNG", "200 OK\r\nContent-Type: image/png"), {}, "not-html"),
        (response(b"{}", "200 OK\r\nContent-Type: application/json"), {}, "not-html"),
        (response(b"body", "200 OK"), {}, "not-html"),
        (response(b"", "301 Moved\r\nLocation: /b"), {}, "no-page"),
        (response(page(), "503 Busy\r\nContent-Type: text/html"), {}, "no-page"),
        (response(b"\x1f\x9d\x90a", "200 OK\r\nContent-Type: text/html\r\nContent-Encoding: compress"), {}, "encoded"),
        (response(page()), {"WARC_Type": "revisit"}, "revisit"),
        (response(page()), {"WARC_Block_Digest": "sha1:" + 32 * "A"}, "damaged"),
        (response(page()), {"WARC_Target_URI": "https://other.example/a"}, "other-host"),
        (response(page()), {"WARC_Target_URI": "https://not-gazette.example/a"}, "other-host"),
        (page(), {"WARC_Type": "resource", "WARC_Target_URI": "urn:pageinfo:https://gazette.example/"}, "no-page"),
        (b"GIF89a", {"WARC_Type": "resource", "Content_Type": "image/gif"}, "not-html"),
        (b"no HTTP at all", {}, "damaged"),
    ],
)
def test_foreign_pages_are_refused(
    bring: Import, tmp_path: Path, block: bytes, headers: dict[str, str], reason: str
) -> None:
    """What is no page of an outlet has a reason."""
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzipped(record("https://gazette.example/a", block, **headers)) + gzipped(stories()[0]))
    (imported,) = bring(path)
    assert (imported.captured, imported.refused) == (1, {reason: 1})


@pytest.mark.parametrize(
    "head", ["200 OK", "200 OK\r\nContent-Type: application/xhtml+xml", "404 Gone\r\nContent-Type: text/html"]
)
def test_possible_pages_are_imported(bring: Import, tmp_path: Path, head: str) -> None:
    """What may be a page is one."""
    (tmp_path / "a.warc").write_bytes(record("<https://m.gazette.example/a>", response(page(), head)))
    (imported,) = bring(tmp_path)
    assert imported.captured == 1


@pytest.mark.parametrize(
    ("data", "captured", "damage"),
    [
        (b"".join(map(gzipped, stories()))[:-60], 2, "ends in the middle"),
        (b"".join(stories())[:-60], 2, "ends in the middle"),
        (b"".join(map(zstd.compress, stories()))[:-60], 2, "damaged after offset"),
        (gzipped(stories()[0]) + b"\x1f\x8b" + bytes(99), 1, "damaged after offset"),
        (torn(gzipped), 2, "damaged after offset 0"),
        (torn(zstd.compress), 2, "damaged after offset 0"),
        (stories()[0] + b"WARC/1.0\r\nWARC-Ty", 1, ""),
        (zstd.compress(b"something else"), 0, "damaged"),
        (b"something else", 0, "damaged"),
        (b"", 0, "no WARC record"),
    ],
)
def test_damaged_file_is_salvaged(bring: Import, tmp_path: Path, data: bytes, captured: int, damage: str) -> None:
    """What is sound of a damaged file is imported."""
    (tmp_path / "a.warc").write_bytes(data)
    (imported,) = bring(tmp_path)
    assert imported.captured == captured
    assert damage in str(imported.damage)
    assert imported.unreadable


def test_imported_page_not_repeated(bring: Import, tmp_path: Path) -> None:
    """What was imported is not stored again."""
    (tmp_path / "half.warc").write_bytes(b"".join(stories(2)))
    bring(tmp_path / "half.warc")
    first = bring.captures()
    (tmp_path / "all.warc.gz").write_bytes(b"".join(map(gzipped, stories(3))))
    assert [(each.known, each.captured) for each in bring(tmp_path / "half.warc", tmp_path / "all.warc.gz")] == [
        (2, 0),
        (2, 1),
    ]
    again = bring.captures()
    assert again.items() > first.items()
    assert bring(tmp_path)[0].captured == 0
    assert bring.captures() == again


def test_pages_filed_by_day(bring: Import, tmp_path: Path) -> None:
    """Pages of different days are kept under their days."""
    days = [
        record(f"https://gazette.example/{n}", response(page(n)), WARC_Date=f"2019-04-{n:02}T23:59:59Z") for n in (3, 4)
    ]
    (tmp_path / "a.warc").write_bytes(b"".join(days))
    bring(tmp_path)
    assert [object_keys.parse(key).day for key in bring.captures()] == ["2019-04-03", "2019-04-04"]


def test_requests_are_kept(bring: Import, tmp_path: Path) -> None:
    """Requests come along whichever side they stand."""

    def request(n: int) -> bytes:
        return record(f"https://www.gazette.example/{n}", b"GET /%d HTTP/1.1\r\n\r\n" % n, "request")

    first, second, third = stories(3)
    (tmp_path / "a.warc").write_bytes(request(0) + first + second + request(1) + request(2) + third)
    bring(tmp_path)
    (body,) = (o["Key"] for o in bring.aws.s3.list_objects_v2(Bucket=bring.aws.captures)["Contents"])
    data = gzip.decompress(bring.aws.s3.get_object(Bucket=bring.aws.captures, Key=body)["Body"].read())
    assert [data.count(b"GET /%d HTTP/1.1" % n) for n in range(3)] == [1, 1, 1]


def test_own_captures_keep_metadata(bring: Import, tmp_path: Path) -> None:
    """A capture of our own keeps what its crawl knew."""
    known = {"source": "x", "feed_title": "Ferry", "feed_date": "2019-04-16T22:00:00+02:00", "family": "feed"}
    at, key = datetime(2019, 4, 17, tzinfo=UTC), "captures/x/2019/04/17/20190417T000000Z-x-0.warc.gz"
    own = capture.Exchange(
        url="https://gazette.example/a",
        captured_at=at,
        request=b"GET /a HTTP/1.1\r\n\r\n",
        response=response(b"<html><script>draw()</script></html>"),
        metadata=known,
        rendered=page(),
    )
    (tmp_path / "own.warc.gz").write_bytes(capture.serialise([own], key))
    bring(tmp_path)
    ((captured,),) = bring.captures().values()
    assert captured.metadata["feed_date"] == known["feed_date"]
    assert (captured.metadata["source"], captured.metadata["family"]) == ("gazette", "import")
    assert captured.body == page()


def test_warc_of_warcio(bring: Import, tmp_path: Path) -> None:
    """A WARC as WARCio writes it."""
    with (tmp_path / "a.warc.gz").open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "test"}))
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        url = "https://gazette.example/a"
        writer.write_record(writer.create_warc_record(url, "response", io.BytesIO(page()), http_headers=headers))
        writer.write_record(writer.create_revisit_record(url, "sha1:AAAA", url, AT, headers))
    (imported,) = bring(tmp_path)
    assert (imported.captured, imported.refused) == (1, {"revisit": 1})


def test_warc_of_browsertrix(bring: Import, tmp_path: Path) -> None:
    """A WARC as browsertrix writes it."""
    url = "https://gazette.example/a"
    notes = [
        record(f"urn:pageinfo:{url}", b'{"urls": {}}', "resource", "application/json"),
        record(f"urn:text:{url}", b"Ferry", "resource", "text/plain"),
        record(f"urn:thumbnail:{url}", b"\xff\xd8\xff", "resource", "image/jpeg"),
        record("https://gazette.example/style.css", response(b"p {}", "200 OK\r\nContent-Type: text/css")),
    ]
    saved = record("https://gazette.example/saved", page(2), "resource", "text/html")
    records = [record(url, response(page())), record(url, b"GET /a HTTP/1.1\r\n\r\n", "request"), *notes, saved]
    (tmp_path / "rec-1.warc.gz").write_bytes(b"".join(map(gzipped, records)))
    (imported,) = bring(tmp_path)
    assert (imported.captured, imported.refused) == (2, {"no-page": 3, "not-html": 1})
    assert bring.outcomes == {Outcome.ARCHIVED: 2}


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_warc_of_wget(aws: Aws, tmp_path: Path) -> None:
    """A WARC as wget writes it."""
    with serve(tmp_path / "newsroom") as newsroom:
        home, expected = newsroom.urls["sample-gazette"], newsroom.stories("sample-gazette")
        command = [
            "wget",
            "--quiet",
            "--warc-file",
            str(tmp_path / "wget"),
            "--output-document",
            "/dev/null",
            "--execute",
        ]
        subprocess.run([*command, "robots=off", f"{home}/robots.txt", *expected], check=True)
    bring = Import(aws)
    bring.outlets = Outlets([replace(GAZETTE, id="sample-gazette", home=home, feeds=())])
    (imported,) = bring(tmp_path / "wget.warc.gz")
    assert imported.captured == len(expected)
    assert {(a.url, a.title, a.text) for a in bring.articles()} == {(s.url, s.title, s.text) for s in expected.values()}


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra `import` the error says what to install, and nothing ends in a traceback."""
    monkeypatch.setitem(sys.modules, "fastwarc.warc", None)
    path = tmp_path / "a.warc"
    path.write_bytes(b"WARC/1.0\r\n")
    with pytest.raises(UnreadableError) as raised:
        next(warcs.pages(path))
    assert "dateline[import]" in raised.value.remedy
