"""One record that cannot be dated or read costs itself; the pages beside it come back."""

import gzip
import io
import re
from datetime import UTC, datetime

import pytest

from dateline import capture
from dateline.capture import Exchange

KEY = "captures/sample/2019/04/17/20190417T061502Z-test-0.warc.gz"
AT = datetime(2019, 4, 17, 6, 15, 2, tzinfo=UTC)
PAGE = b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>The pump runs again.</p>"


def written(known: dict[str, object] | None = None) -> bytes:
    """Two pages, uncompressed, of which the first has the metadata."""
    pages = [
        Exchange(
            url=f"https://news.example/{n}",
            captured_at=AT,
            request=b"",
            response=PAGE,
            metadata={"source": "sample", **(known or {})} if n == 1 else {"source": "sample"},
        )
        for n in (1, 2)
    ]
    return gzip.decompress(capture.serialise(pages, KEY))


@pytest.mark.parametrize(
    "date",
    [
        "2019",
        "2019-04",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "yesterday",
        "2019-13-45T00:00:00Z",
        "",
    ],
)
def test_impossible_dates_cost_one_page(date: str) -> None:
    """A record with an impossible WARC-Date is damaged, and the next page is whole."""
    data = re.sub(rb"WARC-Date: [^\r]*", f"WARC-Date: {date}".encode(), written(), count=2)  # warcinfo first
    first, second = capture.read(io.BytesIO(data), AT)
    assert "WARC-Date" in (first.damage or "")
    assert first.captured_at == AT
    assert (second.damage, second.url) == (None, "https://news.example/2")


@pytest.mark.parametrize(
    "known",
    [
        {"feed_date": "not a date"},
        {"feed_date": 17},
        {"feed_date": "0001-01-01T00:00:00+14:00"},
        {"feed_date": "9999-12-31T23:59:59-12:00"},
        {"languages": 5, "timezone": ["UTC"], "country": {}, "feed_title": 1},
    ],
)
def test_foreign_metadata_is_ignored(known: dict[str, object]) -> None:
    """Values of a metadata record that are no dates or texts count as unknown."""
    first, second = capture.read(io.BytesIO(written(known)))
    assert first.page().feed_date is None
    assert (first.damage, second.damage) == (None, None)


def test_torn_metadata_is_ignored() -> None:
    """A metadata record that is no JSON leaves its page as it is."""
    data = written().replace(b'json-metadata: {"source"', b'json-metadata: {{source"')
    assert [page.damage for page in capture.read(io.BytesIO(data))] == [None, None]
