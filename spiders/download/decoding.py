"""Decode bodies for the crawl's own needs; they are stored as received."""

from scrapy.http import Response

from dateline.capture.decoding import TOO_LONG, undo


def encodings(response: Response) -> list[str]:
    """Return the content encodings of a response in the order of their application, in lower case."""
    values = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1").split(",")
    return [word for value in values if (word := value.strip().lower())]


def decoded(response: Response, limit: int) -> tuple[bytes, str | None]:
    """Return the body without its content encodings, at most ``limit`` bytes, and the problem of the rest.

    Some servers compress unasked, twice or in several gzip members, so the bytes take precedence over the header.
    """
    body, damage = undo(response.body, encodings(response), limit)
    if len(body) > limit or damage == TOO_LONG:
        damage = f"the body is longer than {limit} bytes"
    return body[:limit], damage
