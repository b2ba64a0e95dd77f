"""Articles: the digest of their words."""

import hashlib
import unicodedata

import pytest

from dateline.article import content_digest


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("عنوان", "نصٌّ مُشكَّلٌ بكلِّ الحركاتِ " * 20),
        ("E\u0301te\u0301", "a\u2000b \u0301c\u00a0d\n\ne\u0323\u0302"),
        ("日本", "か\u3099き\u3099く" * 500),
        ("T", "\ud800 lone, and 100 letters in a word: " + "ä" * 100),
    ],
)
def test_digests_are_those_of_nfc(title: str, text: str) -> None:
    words = " ".join(unicodedata.normalize("NFC", f"{title}\n{text}").split())
    assert content_digest(title, text) == hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


@pytest.mark.parametrize("marks", ["\u0300\u0316", "\u064b\u0650\u0651", "\u0301"])
def test_digest_of_million_marks(marks: str) -> None:
    """In NFC at once that takes hours; whether a mark is added counts all the same."""
    text = "a" + marks * (1_000_000 // len(marks))
    assert content_digest("T", text) != content_digest("T", text + marks[0])
