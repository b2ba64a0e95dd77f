"""Captures: what the servers sent, as WARC/1.1, written and read back with warcio.

A capture object is one ``.warc.gz`` with one gzip member per record, so that a record is one range GET. It begins with
a ``warcinfo`` record; then each page is a ``response`` (status line, headers and body as they came over the wire,
before any decoding), its ``request``, and a ``metadata`` record with what the crawl knew: source, country,
languages, timezone, feed item, discovery path. Digests are sha256. Record ids and gzip members hold no clock of their
own: the same exchanges give the same bytes. What came without a server, such as a saved page, is a ``resource`` record
in place of the ``response``.

A page whose payload was captured before is a ``revisit`` in place of the ``response``: the headers that came now, and
where the payload is (WARC/1.1 section 6.7, its profiles ``identical-payload-digest`` and ``server-not-modified``).

A page that a browser rendered has a ``conversion`` record (section 6.8) right after its ``response``: the document as
it stood when the page's scripts had run, in UTF-8. Both are read as one capture, whose body is the rendered document.
"""

from dateline.capture.decoding import MAX_BODY, Decoded, inflate
from dateline.capture.http_message import Message, split
from dateline.capture.page_records import PageRecords, page_records
from dateline.capture.reader import Capture, DamagedCaptureError, Readable, read, read_one
from dateline.capture.writer import Batch, CaptureStore, Exchange, header, payload_digest, serialise

__all__ = [
    "MAX_BODY",
    "Batch",
    "Capture",
    "CaptureStore",
    "DamagedCaptureError",
    "Decoded",
    "Exchange",
    "Message",
    "PageRecords",
    "Readable",
    "header",
    "inflate",
    "page_records",
    "payload_digest",
    "read",
    "read_one",
    "serialise",
    "split",
]
