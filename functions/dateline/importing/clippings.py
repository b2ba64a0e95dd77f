"""Newspaper clippings as text files; ``dateline.extraction.clipping`` says how one is written."""

from datetime import UTC, datetime
from pathlib import Path

from dateline import urls
from dateline.extraction import clipping
from dateline.importing.found import ImportedPage, Reason, Refused
from dateline.instants import is_believable


def read(path: Path, written_at: datetime, name: str) -> ImportedPage | Refused:
    """A clipping, captured when its header says or else when its file was written.

    Without an address of its own it is known by the digest of its bytes.
    """
    body = path.read_bytes()
    header = clipping.header(body)
    url = header.get("url") or urls.name_of(body)
    if not urls.is_identity(url):
        return Refused(name, Reason.BAD_URL)
    try:
        at = datetime.fromisoformat(header["captured"]) if "captured" in header else written_at
    except ValueError:
        return Refused(name, Reason.DAMAGED)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not is_believable(at):
        return Refused(name, Reason.DAMAGED)
    return ImportedPage(
        url=url,
        captured_at=at,
        data=body,
        media_type=clipping.MEDIA_TYPE,
        source=header.get("source"),
        known={"discovered_from": name},
    )
