"""Bad imports: each has one outcome or refusal, none ends in a traceback, and what is sound beside it comes in."""

import gzip
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dateline.importing.folders import files
from dateline.importing.importer import Importer
from dateline.importing.outlets import Outlets, source_id
from tests.conftest import Aws
from tests.support.imports import GAZETTE, Import, page, record, response, stories

GOOD = record("https://gazette.example/good", response(page(7)))
NAMED = page().replace(b"</title>", b"</title><link rel=canonical href=https://gazette.example/p>")


def told(url: str = "https://gazette.example/x", **headers: Any) -> bytes:
    return record(url, response(page()), **headers)


def at(url: str) -> bytes:
    """A record whose URL has any bytes."""
    return told("@@").replace(b"@@", url.encode("utf-8", "surrogateescape"))


def without(name: bytes, data: bytes) -> bytes:
    return b"\r\n".join(line for line in data.split(b"\r\n") if not line.startswith(name))


DATES = (
    *("2019", "", "never", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2019-02-30T00:00:00Z", "0000-01-01"),
    *("2008-10-294T05:21:46-0700", "2009-65-008T06:54:11-0700", "2019-04-16T25:00:00Z", "-2019-04-16T00:00:00Z"),
    *("٢٠١٩-٠٤-١٦", "99999-01-01T00:00:00Z", "2019-04-16T21:30:00+99:99", "0999-12-31T00:00:00Z", "١٦ نيسان"),
    *("9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00", "1989-12-31T23:59:59Z", "16/04/2019", "Tue, 16 Apr"),
)
URLS = (
    *("", "http://", "https:///x", "ftp://a/b", "urn:x:y", "http://[::1", "http://a:b:c/", "http://a:99999999/"),
    *(
        "http://..../",
        "http://-/",
        "http://xn--/",
        "http://xn--a\x00/",
        "https://gazette.example/\udc80",
        "//x",
        "\x00",
    ),
    *("http://user:pw@elsewhere.example/", "http://a..b/", "http:\\\\gazette.example\\x", "https://خبر.example/", "?"),
    f"https://{'a' * 250}.example/",
    f"https://{'x.' * 200}example/",
    f"https://gazette.example/{'x' * 10_000}",
    f"https://gazette.example/{'%D9%85' * 2_000}",
)
HEADERS: tuple[dict[str, str], ...] = (
    *({"Content_Length": length} for length in ("abc", "-5", "9" * 30, "5, 5", str(1 << 40), "")),
    *({"WARC_Block_Digest": digest} for digest in ("sha1:AAAA", "sha1:", "md5:zz", "sha512:0")),
    *({"kind": kind} for kind in ("weird", "", "continuation")),
)
HEADS = (
    *("", "\r\n", "HTTP/1.1\r\n\r\n", "HTTP/9 abc\r\n\r\n", "HTTP/1.1 99999 X\r\n\r\n", "garbage", "\xff" * 99),
    *(
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\n\r\n\x01\x02"
        for name in ("br", "zstd", "gzip", "deflate", "lzma")
    ),
    "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n(\xb5/\xfd\x00",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08bad",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    f"HTTP/1.1 200 OK\r\nContent-Type: {'a' * 70_000}\r\n\r\n<html>",
    f"HTTP/1.1 200 OK\r\nContent-Encoding: {'gzip,' * 9_000}\r\n\r\nx",
)
FILES: dict[str, bytes] = {
    "empty.warc": b"",
    "nul.warc": bytes(5_000),
    "text.warc": b"hello\n" * 50,
    "arc.warc": b"filedesc://x 0.0.0.0 20190416 text/plain 10\n1 0 x\n\n",
    "head.warc": told()[:100],
    "middle.warc": told()[:-300],
    "lf-cut.warc": told().replace(b"\r\n", b"\n")[:-300],
    "long-head.warc": b"WARC/1.0\n" + b"A: b\n" * 20_000,
    "plain.warc.gz": b"not gzip",
    "cut.warc.gz": gzip.compress(told())[:-20],
    "text.warc.gz": gzip.compress(b"x" * 100),
    "short.warc.gz": b"\x1f\x8b",
    "lf-cut.warc.gz": gzip.compress(told().replace(b"\r\n", b"\n"))[:-30],
    "junk.warc.zst": b"\x28\xb5\x2f\xfdjunk",
    "plain.warc.zst": b"plain",
    "none.wacz": b"no zip",
}
LISTS = (
    *("a.html\n", "a.html\thttps://gazette.example/a\tnever\n", "a.html\tno url\n", "\t\t\t\n", f"{'x' * 200_000}\n"),
    *(f"a.html\thttps://gazette.example/a\t{day}\n" for day in ("0999-01-01", "9999-01-01", "2019-04-16T10:00+25:00")),
    *(
        f"{name}\thttps://gazette.example/a\n"
        for name in ("missing.html", "\x00", "a" * 300, "folder", "caf\udce9.html")
    ),
    *(
        "a.html\thttps://gazette.example/\udc80\n",
        f"a.html\thttps://gazette.example/{'x' * 9_999}\n",
        '"a.html\thttps\n',
    ),
)

CLIPPINGS = (
    *(b"", b"\xff\xfe\x00", bytes(100), b"URL: http://[\n\nx\n", b"Captured: never\nx", b"Source: nobody\nA\n\nb"),
    *(f"Captured: {day}\nSource: gazette\n\nx".encode() for day in ("0001-01-01", "9999-12-31T23:59:59-23:59")),
    b"URL: https://gazette.example/" + b"x" * 9_000 + b"\nTitle\n\nWords",
)


def zipped(members: Mapping[str, bytes]) -> bytes:
    with zipfile.ZipFile(data := io.BytesIO(), "w") as file:
        for name, body in members.items():
            file.writestr(name, body)
    return data.getvalue()


def damaged(folder: Path) -> int:
    """Write the bad imports, each beside a good one, and say how many."""
    warcs = [told(WARC_Date=date) for date in DATES] + [at(url) for url in URLS]
    warcs += [told(**headers) for headers in HEADERS]
    warcs += [record("https://gazette.example/h", head.encode("latin-1")) for head in HEADS]
    warcs += [without(b"Content-Length: ", told()), told(version="9.9"), told()[10:], told(media_type="\x00")]
    for number, body in enumerate(warcs):
        (folder / f"{number}.warc").write_bytes(GOOD + body)
    for name, body in FILES.items():
        (folder / name).write_bytes(body)
    for number, members in enumerate(({"x": b""}, {"archive/a.warc": b""}, {"archive/a.warc.gz": b"junk"})):
        (folder / f"{number}.wacz").write_bytes(zipped(members))
    for number, text in enumerate(LISTS):
        saved = folder / f"list-{number}"
        (saved / "folder").mkdir(parents=True)
        (saved / "urls.tsv").write_text(text, "utf-8", "surrogateescape")
        (saved / "a.html").write_bytes(NAMED)
    for number, clipping in enumerate(CLIPPINGS):
        (folder / f"{number}.txt").write_bytes(clipping)
    os.mkfifo(folder / "pipe.warc")
    return len(list(folder.iterdir()))


def test_bad_imports_have_outcomes(aws: Aws, tmp_path: Path) -> None:
    """All that is told of them can be printed as JSON."""
    assert damaged(tmp_path) >= 120
    outlets = Outlets([GAZETTE], any_host=True)
    for path in sorted(tmp_path.iterdir()):
        importer = Importer(aws.s3, aws.captures, outlets)
        ((name, pages),) = files(path)
        imported = importer.add(name, pages)
        assert json.dumps(imported.summary()).isascii()
        came = imported.captured + imported.known
        assert came or imported.refused or imported.damage
        assert bool(imported.damage) == bool(imported.remedy)
        if path.name[:1].isdigit() and path.suffix == ".warc":
            assert came >= 1, "the good record before it"
            assert came + sum(imported.refused.values()) <= 2


ADDRESSES = {
    "": "no-url",
    "urn:x:y": "no-page",
    "ftp://gazette.example/a": "no-page",
    "metadata://netpreserve.org/a": "no-page",
    "http://": "bad-url",
    "http://[::1": "bad-url",
    "https:///x": "bad-url",
    "//gazette.example/x": "bad-url",
    "gazette.example": "bad-url",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_bad_addresses_are_told_apart(bring: Import, tmp_path: Path, url: str) -> None:
    """A crawler's own notes are no pages; an address that is no URL can be corrected, a missing one written."""
    (tmp_path / "a.warc").write_bytes(GOOD + at(url))
    (imported,) = bring(tmp_path / "a.warc")
    assert (imported.captured, imported.refused) == (1, {ADDRESSES[url]: 1})


def test_listed_addresses_are_told_apart(bring: Import, tmp_path: Path) -> None:
    """The same of saved pages: the list has an address that is none, or none."""
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_bytes(page())
    (tmp_path / "urls.tsv").write_text("a.html\thttp:///x\nb.html\t\n")
    (imported,) = bring(tmp_path)
    assert (imported.captured, imported.refused) == (0, {"bad-url": 1, "no-url": 1})


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\r\nWARC-", b"\nWARC-").replace(b"\r\nContent-", b"\nContent-", 2),
        lambda data: without(b"Content-Length: ", data),
        lambda data: data.replace(b"WARC/1.1\r\n", b"WARC/1.0\n"),
    ],
    ids=["LF", "no length", "an LF"],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_nonstandard_records_import(bring: Import, tmp_path: Path, change: Any, compress: Any) -> None:
    """Their pages have the same bytes as those of sound records."""
    name = "a.warc.gz" if compress is gzip.compress else "a.warc"
    (tmp_path / name).write_bytes(compress(b"".join(change(each) for each in stories(3))))
    (imported,) = bring(tmp_path / name)
    assert (imported.captured, imported.refused, imported.damage) == (3, {}, None)
    ((_, captured),) = bring.captures().items()
    assert [each.body for each in captured] == [page(n) for n in range(3)]


@pytest.fixture
def bring(aws: Aws) -> Import:
    return Import(aws)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_wacz_file_comes_in(bring: Import, tmp_path: Path, *, damaged: bool) -> None:
    first, *others = stories(3)
    members = {
        "archive/a.warc.gz": gzip.compress(first),
        "archive/b.warc": b"".join(others),
        "pages/pages.jsonl": b"{}",
    }
    members |= {"archive/c.warc": b"junk"} if damaged else {}
    (tmp_path / "crawl.wacz").write_bytes(zipped(members))
    (imported,) = bring(tmp_path)
    assert imported.captured == 3
    assert (imported.damage or "").startswith("archive/c.warc: " if damaged else "")


def test_bad_line_costs_file(bring: Import, tmp_path: Path) -> None:
    """A bad line costs its own file."""
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_bytes(page())
    (tmp_path / "urls.tsv").write_text("a.html\tx\tnever\nb.html\thttps://gazette.example/b\t2019-04-16\n")
    (imported,) = bring(tmp_path)
    assert (imported.captured, imported.refused) == (1, {"no-url": 1})
    assert "urls.tsv, line 1" in str(imported.damage)


HOSTS = (
    "a.b.example",
    "a-b.example",
    "a.b-example",
    "خبر.example",
    "xn--mgb.example",
    "a.example:8080",
    "..",
    "a" * 250,
)


def test_hosts_become_sources() -> None:
    """Hosts have sources of their own."""
    ids = [source_id(host) for host in HOSTS]
    assert len({*ids}) == len(HOSTS)
    assert all(id and len(id) < 70 and id.replace("-", "").isalnum() and id.isascii() for id in ids)
    assert source_id("news.example.org") == "news-example-org"
