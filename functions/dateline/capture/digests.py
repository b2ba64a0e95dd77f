"""Digests of WARC records (WARC/1.1 section 5.8): ``label:value``, neither part fixed by the standard."""

import hashlib
import re
from base64 import b32encode, b64encode

_OF_NOTHING = "sha256:4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ===="  # the digest of most requests' bodies
_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def digest(data: bytes) -> str:
    """Return a digest as Dateline's own records state it: sha256 in base32."""
    return f"sha256:{b32encode(hashlib.sha256(data).digest()).decode()}" if data else _OF_NOTHING


def contradicts(stated: str, data: bytes) -> bool:
    """Return whether a stated digest provably differs from that of these bytes.

    Crawlers write ``sha1:``, ``sha-256:`` or ``SHA256:`` before base32, base64 or hex. A label of an unknown algorithm
    proves nothing.
    """
    label, _, value = stated.strip().partition(":")
    algorithm = _NOT_IN_NAMES.sub("", label.lower())
    if algorithm not in _ALGORITHMS:
        return False
    found = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    value = value.strip().rstrip("=")
    base64 = b64encode(found).decode().rstrip("=")
    forms = (found.hex() == value.lower(), b32encode(found).decode().rstrip("=") == value.upper())
    return not (any(forms) or value in (base64, base64.translate(_URL_SAFE)))


_URL_SAFE = str.maketrans("+/", "-_")
