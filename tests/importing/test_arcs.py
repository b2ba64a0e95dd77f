"""ARC files, versions 1 and 2, plain, gzip by record or as a whole."""

import gzip
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from dateline.importing import warcs
from dateline.importing.found import ImportedPage, Reason, Refused, UnreadableError

V1 = b"1 0 Mirror\nURL IP-address Archive-date Content-type Archive-length\n\n"
V2 = (
    b"2 0 Mirror\n"
    b"URL IP-address Archive-date Content-type Result-code Checksum Location Offset Filename Archive-length\n\n"
)
AT = datetime(2012, 1, 2, 3, 4, 5, tzinfo=UTC)
PAGES = {
    "http://a.example/sfax": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Sfax</p>",
    "http://a.example/صفاقس one": b"HTTP/1.0 200 OK\nContent-Type: text/html\n\n<p>\xd8\xb5\n\n</p>\n",
    "http://a.example/gone": b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\nhttp://x 1.1.1.1 gone",
}


def record(url: str, block: bytes, at: str = "20120102030405", *, version: int = 1, length: int | None = None) -> bytes:
    code = "" if version == 1 else " 200 - - 0 mirror.arc"
    size = len(block) if length is None else length
    return f"{url} 192.0.2.1 {at} text/html{code} {size}\n".encode() + block + b"\n"


def mirror(*records: bytes, version: int = 1) -> list[bytes]:
    about = V1 if version == 1 else V2
    return [record("filedesc://mirror.arc", about, version=version), *records]


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "mirror.arc.gz"
    path.write_bytes(data)
    return path


def packed(records: list[bytes], packing: str) -> bytes:
    if packing == "by record":
        return b"".join(map(gzip.compress, records))
    whole = b"".join(records)
    return gzip.compress(whole) if packing == "whole" else whole


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("packing", ["plain", "by record", "whole"])
def test_pages_of_arc_files(tmp_path: Path, version: int, packing: str) -> None:
    """Each page comes with its bytes, instant and server."""
    records = mirror(*(record(*page, version=version) for page in PAGES.items()), version=version)
    found = [*warcs.pages(written(tmp_path, packed(records, packing)))]
    assert all(isinstance(page, ImportedPage) for page in found)
    pages = [page for page in found if isinstance(page, ImportedPage)]
    assert {page.url: page.data for page in pages} == PAGES
    assert {(page.captured_at, page.ip_address, page.media_type) for page in pages} == {(AT, "192.0.2.1", None)}


@pytest.mark.parametrize(
    ("bad", "refused"),
    [
        (record("http://a.example/x", PAGES["http://a.example/sfax"], "20120199030405"), Reason.DAMAGED),
        (record("http://a.example/x", PAGES["http://a.example/sfax"], "99990101000000"), Reason.DAMAGED),
        (record("dns:a.example", b"20120102030405\na.example. A 192.0.2.1"), Reason.NO_PAGE),
        (record("http://a.example/x", b"HTTP/1.1 302 Found\r\nLocation: /y\r\n\r\n"), Reason.NO_PAGE),
        (record("http://a.example/x", b""), Reason.DAMAGED),
        (record("http://a.example/x", PAGES["http://a.example/sfax"], length=5), Reason.DAMAGED),
    ],
    ids=["day 99", "year 9999", "dns", "redirect", "empty", "short length"],
)
def test_one_bad_record_costs_itself(tmp_path: Path, bad: bytes, refused: Reason) -> None:
    """Refused with its reason; the records around it come in."""
    good = [record(*page) for page in PAGES.items()]
    first, *rest = warcs.pages(written(tmp_path, b"".join(mirror(bad, *good))))
    assert isinstance(first, Refused)
    assert first.reason is refused
    assert [page.url for page in rest if isinstance(page, ImportedPage)] == [*PAGES]


@pytest.mark.parametrize("packing", ["plain", "by record", "whole"])
def test_cut_arc_file(tmp_path: Path, packing: str) -> None:
    """What is whole comes in, and the error says that the rest is missing."""
    data = packed(mirror(*(record(*page) for page in PAGES.items())), packing)
    pages = warcs.pages(written(tmp_path, data[:-20]))
    assert len([*islice(pages, len(PAGES) - 1)]) == len(PAGES) - 1
    with pytest.raises(UnreadableError):
        next(pages)
