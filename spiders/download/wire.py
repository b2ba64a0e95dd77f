"""The exchange behind a response, byte for byte as it went over the wire."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class WireError(RuntimeError):
    """A response came without the bytes it was made of: something put another in its place."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One exchange as sent and received; ``sent_at`` (UTC) is the time of the request.

    ``rendered`` is the document from the browser (``render``). ``notes`` are facts about the exchange for the capture's
    metadata, in JSON types. ``certificate`` is the verified one that the server showed (DER); empty without TLS.
    """

    request: bytes
    response: bytes
    sent_at: datetime
    ip_address: str | None
    rendered: bytes | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    certificate: bytes = b""
