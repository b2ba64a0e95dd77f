"""Fuzz targets: each takes any bytes and raises unless they have exactly one outcome."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from dateline import capture
from dateline.article import Article, Extraction, Outcome
from dateline.capture import DamagedCaptureError, Exchange
from dateline.extraction import clipping, extract
from dateline.extraction.fields.dates import date_lines, relative_dates
from dateline.extraction.fields.dates import date_parsing as moments_of
from dateline.extraction.parse import jsonld
from dateline.importing import folders
from dateline.importing.found import ImportedPage, UnreadableError
from dateline.instants import is_believable
from dateline.keys.object_keys import Stem
from dateline.page import Page
from infra.fuzz import listings

_AT = datetime(2019, 4, 17, 6, 15, 2, tzinfo=UTC)
_RECORDED = Path(__file__).parents[2] / "tests" / "sources"
_CHARSETS = ("", "; charset=utf-8", "; charset=windows-1256", "; charset=utf-16", "; charset=iso-8859-9")
_CLIPPING = "URL: https://news.example.org/a\nThe pump runs\nTUNIS (AFP) - 16/04/2019\n\nThe pump runs again."

_FILES = ("a.warc", "a.warc.gz", "a.warc.zst", "a.arc", "a.arc.gz", "a.wacz", "a.html", "a.txt", "urls.tsv", "urls.csv")
_DATES = (
    "Published 16 April 2019 09:30 GMT+2 | Updated 17 April 2019 1:45 pm",
    "2019-04-16T09:30:00+02:00",
    "الثلاثاء 16 كانون الثاني/يناير 2019 - 1:18 مساءً",
    "۲۷ فروردین ۱۳۹۸ - ۱۹:۲۰",
    "Publié il y a 3 heures",
    "منذ ساعتين",
    "Giriş: 16 NİSAN 2019 - 09:30 Güncelleme: 17.04.19",
    '{"@type": "NewsArticle", "datePublished": "2019-04-16", /* x */ "headline": "a "b"",}',
)


def page(data: bytes) -> None:
    """A page; the first byte chooses the charset in the header."""
    _check(extract(_page(data[1:], f"text/html{_CHARSETS[data[0] % len(_CHARSETS)]}" if data else "")))


def cutting(data: bytes) -> None:
    _check(extract(_page(data, clipping.MEDIA_TYPE)))


def warc(data: bytes) -> None:
    """A WARC file: each record has an outcome, until the end or one error about damage."""
    with suppress(DamagedCaptureError):
        for found in capture.read(io.BytesIO(data)):
            _check(extract(found.page()))


def date(data: bytes) -> None:
    """A written date, by itself and in a line with others: the readers raise for none, and believe no odd year."""
    text = data.decode("utf-8", "replace")
    moments = [moments_of.read(text), *(line.moment for line in date_lines.read(text))]
    for moment in filter(None, moments):
        if is_believable(moment.at, _AT):
            moment.placed("Africa/Tripoli").iso()
    relative_dates.read(text, _AT)
    jsonld.loads(text)


def imported(data: bytes) -> None:
    """A file in a folder to import; the first byte chooses its name. Pages are believable, and the rest is refused."""
    with TemporaryDirectory() as folder:
        Path(folder, _FILES[data[0] % len(_FILES)] if data else "a").write_bytes(data[1:])
        Path(folder, "page").write_bytes(b"<html><p>Sfax")
        for _, pages in folders.files(Path(folder)):
            with suppress(UnreadableError):
                for found in pages:
                    if isinstance(found, ImportedPage) and not is_believable(found.captured_at):
                        raise AssertionError(f"a page of {found.captured_at}")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "page": page,
    "clipping": cutting,
    "capture": warc,
    "date": date,
    "import": imported,
    **listings.TARGETS,
}


def seeds(target: str) -> Iterator[bytes]:
    """Bytes to begin with: the recorded pages, in the form of the target."""
    for body in (path.read_bytes() for path in sorted(_RECORDED.rglob("page.html"))):
        if target == "page":
            yield b"\0" + body
        elif target == "capture":
            response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body[:4000]
            exchange = Exchange(url="https://news.example.org/a", captured_at=_AT, request=b"GET /", response=response)
            yield capture.serialise([exchange], Stem("sample", "20190417T061502Z-fuzz", 0).capture)
    yield from listings.seeds(target)
    if target == "import":
        yield from _files()
    if target == "date":
        yield from (line.encode() for line in _DATES)
    if target == "clipping":
        yield _CLIPPING.encode()


def _files() -> Iterator[bytes]:
    """A small file of each kind, after the number of its name."""
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>Sfax</h1>"
    exchange = Exchange(url="https://news.example.org/a", captured_at=_AT, request=b"GET / HTTP/1.1", response=response)
    packed = capture.serialise([exchange], Stem("sample", "20190417T061502Z-fuzz", 0).capture)
    arc = b"filedesc://a.arc 0.0.0.0 20190417061502 text/plain 20\n1 0 A\nURL IP-address\n"
    arc += b"https://news.example.org/a 192.0.2.1 20190417061502 text/html %d\n" % len(response) + response + b"\n"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("archive/a.warc.gz", packed)
    html = b"<html><link rel=canonical href=https://news.example.org/a><h1>Sfax</h1>"
    listed = "page\thttps://news.example.org/a\t2019-04-17"
    plain = gzip.decompress(packed)
    files = (
        plain,
        packed,
        plain,
        arc,
        gzip.compress(arc),
        zipped.getvalue(),
        html,
        _CLIPPING.encode(),
        listed.encode(),
    )
    for number, data in enumerate((*files, listed.replace("\t", ",").encode())):
        yield bytes([number]) + data


def _page(body: bytes, content_type: str) -> Page:
    return Page(
        url="https://news.example.org/2019/04/16/story",
        body=body,
        content_type=content_type,
        captured_at=_AT,
        timezone="Africa/Tripoli",
    )


def _check(extraction: Extraction) -> None:
    """Raise AssertionError for an invalid outcome, or an article that differs from its line."""
    is_article = extraction.outcome is Outcome.ARCHIVED
    if not is_article == (extraction.article is not None) == (extraction.reason is None):
        raise AssertionError(f"{extraction.outcome}: {extraction.reason}: {extraction.article}")
    if extraction.article:
        line = extraction.article.to_json()
        if "\n" in line or Article.from_dict(json.loads(line)) != extraction.article:
            raise AssertionError(f"the article is not what its line says: {line}")
