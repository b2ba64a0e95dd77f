"""Cursors of pages: where a list goes on, bound to the list's conditions.

A cursor is base64 of JSON with a checksum over the place and the conditions. It is no secret: the checksum makes an
error, not a wrong page, of a cursor that was altered or used with other conditions.
"""

import base64
import hashlib
import json
from collections.abc import Mapping

_CHECKED = 12  # hex digits: 1 in 3e14 altered cursors passes


class CursorError(ValueError):
    """A cursor that was altered, or belongs to other conditions."""


def write(place: str, conditions: Mapping[str, object]) -> str:
    """Return the cursor of a place in a list."""
    line = json.dumps([place, _checksum(place, conditions)])
    return base64.urlsafe_b64encode(line.encode()).decode().rstrip("=")


def read(cursor: str, conditions: Mapping[str, object]) -> str:
    """Return the place of a cursor. Raises CursorError."""
    try:
        place, checksum = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, TypeError) as error:
        raise CursorError("the cursor is not one of this archive; start again without it") from error
    if not isinstance(place, str) or checksum != _checksum(place, conditions):
        raise CursorError("the cursor belongs to another query; start again without it")
    return place


def _checksum(place: str, conditions: Mapping[str, object]) -> str:
    told = json.dumps([place, {name: str(value) for name, value in conditions.items() if value}], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:_CHECKED]
