"""Records without their bodies: revisits with the words, title and date of the story's last revision.

A server sends other bytes with each request (counters, teasers) around the same words. Such a ``response`` may become a
``revisit`` of the profile ``urn:dateline:warc:same-words``, in the pack of its day:

- its id, URL, date, address and payload digest stay, as do the status line and the headers;
- ``WARC-Refers-To-Target-URI`` and ``-Date`` name the response with the words, ``Dateline-Refers-To`` its WARC file,
  offset and length;
- ``Dateline-Leaf`` is the leaf of the whole record in the tree of its day (``proofs``), as JSON: the digests of the
  record, of its block and its payload stay provable, without the bytes.
"""

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from dateline.capture import http_message, metadata
from dateline.capture.digests import digest
from dateline.capture.gzip_members import Member, members
from dateline.capture.packs import Cut
from dateline.capture.writer import REFERS_TO, SAME_WORDS, header, plain_record
from dateline.page import KEEP_BODY

LEAF = "Dateline-Leaf"
_KEPT = ("WARC-Record-ID", "WARC-IP-Address", "WARC-Target-URI", "WARC-Payload-Digest")
_ANSWERS = {"response", "revisit", "resource"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The response with a page's words: its URL and WARC-Date, and its place."""

    url: str
    date: str
    key: str
    offset: int
    length: int


def reduced(
    data: bytes, words: Mapping[int, Words], leaves: Mapping[int, Mapping[str, str]]
) -> tuple[bytes, tuple[Cut, ...]]:
    """Return a WARC file without the bodies of some pages, and the cuts.

    ``words`` has the pages by the offsets of their responses, ``leaves`` the leaves of the same records.
    Rendered and damaged pages, imported ones, and those of sources that keep all bodies stay as they are.
    """
    parts, cuts = list[bytes](), list[Cut]()
    page = list[Member]()
    for member in [*members(io.BytesIO(data), begins=b"WARC/"), None]:
        if member is None or member.flaw or header(member.data, "warc-type") in _ANSWERS:
            first = page[0].offset if page else -1
            short = _short(page, words[first], leaves[first]) if first in words and first in leaves else None
            if short and len(short) < page[0].length:
                cuts.append(Cut(first, page[0].length, len(short)))
                parts.append(short)
                page = page[1:]
            parts += [data[each.offset : each.offset + each.length] for each in page]
            page = []
        if member:
            page.append(member)
    return b"".join(parts), tuple(cuts)


def leaf_in(record: bytes) -> dict[str, str] | None:
    """Return the leaf of the whole record in a record without its body; None for other records.

    ValueError for a leaf in another form.
    """
    if header(record, "warc-profile") != SAME_WORDS:
        return None
    leaf = json.loads(header(record, LEAF) or "null")
    if not isinstance(leaf, dict):
        raise ValueError(f"the record has no {LEAF}")
    return {str(name): str(value) for name, value in leaf.items()}


def _short(page: list[Member], words: Words, leaf: Mapping[str, str]) -> bytes | None:
    """Return the gzip member of a page's response without the body, or None if it is to keep it."""
    answer = page[0]
    kinds = [header(member.data, "warc-type") for member in page]
    if kinds[0] != "response" or "conversion" in kinds or not any(map(_lets_go, page)):
        return None
    _, _, block = answer.data.partition(b"\r\n\r\n")
    head, end, _ = http_message.split(block[:-4])
    fields = {name: value for name in _KEPT if (value := header(answer.data, name))}
    fields |= {
        "WARC-Profile": SAME_WORDS,
        "WARC-Refers-To-Target-URI": words.url,
        "WARC-Refers-To-Date": words.date,
        REFERS_TO: f"{words.key} {words.offset} {words.length}",
        LEAF: json.dumps(leaf, sort_keys=True),
        "WARC-Block-Digest": digest(head + end),
    }
    record = plain_record("revisit", head + end, header(answer.data, "WARC-Date") or "", fields)
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(record) + packer.flush()


def _lets_go(member: Member) -> bool:
    """Whether it is the metadata record of a crawled page whose source keeps no such bodies."""
    if header(member.data, "warc-type") != "metadata":
        return False
    _, _, block = member.data.partition(b"\r\n\r\n")
    known = metadata.read(header(member.data, "content-type") or "", block[:-4])
    return bool(known) and not known.get(KEEP_BODY) and known.get("family") != "import"
