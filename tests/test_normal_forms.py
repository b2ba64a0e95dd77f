"""Normal forms: as Unicode has them for any word that somebody wrote, and linear for any other."""

import time
import unicodedata

import pytest

from dateline.article import content_digest
from dateline.normal_forms import nfc, nfkd
from dateline.similarity import folding

MARKS = "\u0300\u0316\u0327\u064b"


@pytest.mark.parametrize(
    "text", ["", "Ferry", "İstanbul'a ferı̇bot", "e\u0301\u0327te", "العَبَّارَة ﻻ", "ḋ\u0323 o\u0302\u0323", "한글 " * 20]
)
@pytest.mark.parametrize("before", ["", "word " * 50, "w" * 50])
def test_written_words_are_normalized(text: str, before: str) -> None:
    """The forms are Unicode's for a word of any length with up to 30 marks on a letter."""
    for written in (before + text, before + "a" + MARKS * 7):
        assert nfc(written) == unicodedata.normalize("NFC", written)
        assert nfkd(written) == unicodedata.normalize("NFKD", written)


@pytest.mark.parametrize("mark", [MARKS, "\u0301", "\u0651\u064e"])
def test_marks_take_linear_time(mark: str) -> None:
    """200,000 marks on a letter take seconds, where sorting them takes minutes."""
    text = "a" + mark * (200_000 // len(mark))
    began = time.process_time()
    assert nfc(nfc(text)) == nfc(text)
    assert folding.fold(text)[0] == "a"
    assert content_digest("", text) == content_digest("", nfc(text))
    assert time.process_time() - began < 20
