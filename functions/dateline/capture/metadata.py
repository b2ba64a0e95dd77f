"""A page's crawl context in its metadata record: JSON in one field of ``application/warc-fields``.

With another media type, replay tools take the record for another response of the URL and show it in place of the page
(cdxj-indexer and pywb do). Older captures have ``application/json``.
"""

import json
from collections.abc import Mapping
from typing import Any

MEDIA_TYPE = "application/warc-fields"
_FIELD = b"json-metadata"


def write(known: Mapping[str, Any]) -> bytes:
    """The record's block."""
    return _FIELD + b": " + json.dumps(dict(known), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\r\n"


def read(media_type: str, block: bytes) -> dict[str, Any]:
    """Return the context written by our crawl, including a source; nothing for another crawler's record."""
    if not media_type.startswith("application/json"):
        fields = dict(line.split(b":", 1) for line in block.splitlines() if b":" in line)
        block = fields.get(_FIELD, b"{}")
    try:
        known = json.loads(block)
    except (ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) and isinstance(known.get("source"), str) else {}
