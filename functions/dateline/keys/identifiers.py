"""Ids of stories, events and URLs: 26 characters of base32(sha256(text))."""

import base64
import hashlib


def article_id(canonical_url: str) -> str:
    """Return 26 characters of base32(sha256(canonical URL)): identity of the page, not of its content.

    A page has the same id under http and https: that of its https URL.
    """
    scheme, _, rest = canonical_url.partition(":")
    return hashed(f"https:{rest}" if scheme == "http" else canonical_url)


def former_article_id(canonical_url: str) -> str:
    """Return the id until November 2026, when http and https were two: old outcomes have it until re-extraction."""
    return hashed(canonical_url)


def event_id(id: str, name: str) -> str:
    """Return the id of an event of a story, equal for repetitions."""
    return hashed(f"{id}#{name}")


def url_hash(canonical_url: str) -> str:
    """Return the 26 characters that stand for a URL in keys and due times."""
    return hashed(canonical_url)


def hashed(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:26]
