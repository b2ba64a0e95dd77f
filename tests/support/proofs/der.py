"""A little of DER (X.690), to build answers that no library makes."""


def make(tag: int, *contents: bytes) -> bytes:
    """Return an element of these contents."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def children(element: bytes) -> list[bytes]:
    """Return the elements in an element, each with its tag and length."""
    rest, found = element[_head(element) :], list[bytes]()
    while rest:
        end = _head(rest) + _length(rest)
        found.append(rest[:end])
        rest = rest[end:]
    return found


def _head(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def _length(element: bytes) -> int:
    return int.from_bytes(element[2 : _head(element)], "big") if element[1] & 0x80 else element[1]
