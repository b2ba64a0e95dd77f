"""Captures: server responses as WARC/1.1, written and read with warcio.

A WARC file is a ``.warc.gz`` with one gzip member per record, so one range GET reads a record. After a ``warcinfo``
record, each page has a ``response`` (status line, headers and body as received, before any decoding), its ``request``,
and a ``metadata`` record with the crawl context: source, country, languages, timezone, feed item, discovery path.
Digests are sha256. Record ids and gzip members contain no clock: the same exchanges give the same bytes. Pages without
a server, such as saved ones, have a ``resource`` record instead of the ``response``.

A page with a known payload has a ``revisit`` instead of the ``response``: the new headers, and a reference to the
payload (WARC/1.1 section 6.7, profiles ``identical-payload-digest`` and ``server-not-modified``).

A page rendered by a browser has a ``conversion`` record (section 6.8) right after its ``response``: the document after
its scripts, in UTF-8. Both are read as one capture, with the rendered document as body.
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
