"""Bodies are kept as received; these read one where something must be known of it."""

from scrapy.http import Response

from dateline.capture.decoding import TOO_LONG, undo


def encodings(response: Response) -> list[str]:
    """Return the content encodings of a response in the order of their application, in lower case."""
    values = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1").split(",")
    return [word for value in values if (word := value.strip().lower())]


def decoded(response: Response, limit: int) -> tuple[bytes, str | None]:
    """The body without its content encodings, at most ``limit`` bytes of it, and what is wrong with the rest.

    Some servers compress unasked, twice or in several gzip members, so the bytes decide before the header.
    """
    body, damage = undo(response.body, encodings(response), limit)
    if len(body) > limit or damage == TOO_LONG:
        damage = f"the body is longer than {limit} bytes"
    return body[:limit], damage
