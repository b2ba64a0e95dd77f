"""Fixity: what is damage in a record of its own digests, and what is the way in which an older version wrote it."""

import io
from datetime import UTC, datetime

import pytest

from dateline import capture
from dateline.capture import Exchange
from dateline.capture.digests import digest
from dateline.capture.fixity import records

KEY = "captures/sample/2019/04/17/20190417T120000Z-test-0.warc.gz"


def flaws(response: bytes, stated: str | None) -> list[str]:
    exchange = Exchange(
        url="http://news.example.org/a",
        captured_at=datetime(2019, 4, 17, 12, tzinfo=UTC),
        request=b"GET /a HTTP/1.1\r\nHost: news.example.org\r\n\r\n",
        response=response,
        digest=stated,
    )
    return [record.flaw for record in records(io.BytesIO(capture.serialise([exchange], KEY))) if record.flaw]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\n", b"\n\r\n"])
@pytest.mark.parametrize("body", [b"Words of Sfax.", "كلمات\r\n\r\nمن صفاقس".encode(), b"Mots\n\nde Sfax"])
def test_lf_head_digests_pass(end: bytes, body: bytes) -> None:
    """Before November 2026 messages were split at the first CRLF CRLF, and what is before it had no digest."""
    response = b"HTTP/1.1 200 OK\nContent-Type: text/plain" + end + body
    assert flaws(response, digest(response.partition(b"\r\n\r\n")[2])) == []
    assert flaws(response, digest(body)) == []
    assert "WARC-Payload-Digest" in flaws(response, digest(b"Other words."))[0]


def test_a_wrong_digest_is_damage() -> None:
    """The digest of nothing too, where lines end in CRLF."""
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nWords."
    assert "WARC-Payload-Digest" in flaws(response, digest(b""))[0]
