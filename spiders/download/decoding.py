"""Bodies are kept as received; these read one where something must be known of it."""

from scrapy.http import Response

from dateline.capture import inflate


def decoded(response: Response, limit: int) -> tuple[bytes, str | None]:
    """The body without its content encoding, at most ``limit`` bytes of it, and what is wrong with the rest.

    Some servers compress unasked or say so wrongly, so the bytes decide, not the header.
    """
    compressed = response.body[:2] == b"\x1f\x8b" or b"deflate" in (response.headers.get("Content-Encoding") or b"")
    if compressed:
        return inflate(response.body, limit)
    damage = f"the body is longer than {limit} bytes" if len(response.body) > limit else None
    return response.body[:limit], damage
