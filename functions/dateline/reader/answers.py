"""Finish an answer: validators, compression, and headers that hold for every route."""

import base64
import gzip
import hashlib
from collections.abc import Mapping
from typing import Any

from dateline.reader.formats.negotiation import accepts

_LARGEST = 6_000_000  # bytes of a function's answer (Lambda's quota is 6,291,556), in base64 where it is binary
_WORTHWHILE = 1_000  # bytes; a smaller body fits one packet either way
_VARY = "Accept, Accept-Encoding, Accept-Language, Accept-Datetime"
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class TooLargeError(ValueError):
    """The body exceeds what a function can answer."""


def finish(request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer of Powertools with ETag, compression and headers, or 304 if the reader has it already.

    Raises TooLargeError.
    """
    asked = {name.lower(): value for name, value in (request.get("headers") or {}).items()}
    body = body_of(answer)
    headers = {**SECURITY, "Vary": _VARY, **answer.get("headers", {})}
    if answer["statusCode"] == 200:
        headers["ETag"] = etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers.setdefault("Cache-Control", "private, no-cache")
        if _has(asked.get("if-none-match", ""), etag):
            return {**answer, "statusCode": 304, "headers": headers, "body": "", "isBase64Encoded": False}
    else:
        headers.setdefault("Cache-Control", "no-store")
    return {**answer, "headers": headers, **_encoded(body, headers, asked.get("accept-encoding"))}


def body_of(answer: Mapping[str, Any]) -> bytes:
    """Return the bytes of an answer's body, as they go to the reader."""
    body = answer.get("body") or ""
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode("utf-8", "replace")


def _has(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag.removeprefix("W/") in (
        each.strip().removeprefix("W/") for each in header.split(",")
    )


def _encoded(body: bytes, headers: dict[str, Any], accepted: str | None) -> dict[str, Any]:
    """The body as Lambda takes it; ``headers`` gets its encoding."""
    media = str(headers.get("Content-Type", ""))
    packed = media.endswith("warc-gzip") or "zip" in media
    if len(body) >= _WORTHWHILE and not packed and accepts(accepted, "gzip"):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=6, mtime=0)
        packed = True
    binary = packed or not media.startswith(("text/", "application/json", "application/problem+json"))
    text = base64.b64encode(body).decode() if binary else body.decode("utf-8", "replace")
    if len(text) > _LARGEST:
        raise TooLargeError("the answer exceeds a function's limit of 6 MB; read it with dateline show --raw")
    return {"body": text, "isBase64Encoded": binary}
