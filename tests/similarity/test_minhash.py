"""Fingerprints: the same everywhere and always, and alike for copies alone."""

import subprocess
import sys

import pytest
import rensa

from dateline.similarity import minhash
from dateline.similarity.fingerprint import Fingerprint

SAID = "أكد رئيس المجلس البلدي في طبرق أن المكتبة المتنقلة عادت إلى عملها، وأنها زارت تسع قرى في أسبوع واحد."
SAME = "اكّد رئيس المجلس البلدى فى طبرق أنّ المكتبه المتنقلة عادت إلی عملها وأنها زارت تسع قـــرى في اسبوع واحد"

PINNED = (
    "AQAAAAAAAAAAABMgoHcZB9all2rLC5IDDI8OQXM3ThsaInULnnuKmre3Ijekm_gs3Vn0edEgJvobK-6IuT8AcMcjmP0NJv2NYgeZ"
    "UYORVDGZIWDR14KXGqeCAGXcog3TyHkzr-0AO8nEzrHqfW7kzMLQkeYyCz-jZGBVnV2y5nu0eo7ROktW-BYQiEWHiasYyJxg_deg"
    "G4M7cVxqKhZ1jGkcOrF4KZE="
)


def made(title: str, text: str) -> Fingerprint:
    found = minhash.of(title, text)
    assert found
    return found


def test_fingerprint_is_stable() -> None:
    """It is kept for years. Where this fails, other numbers come of the same text: raise minhash.VERSION then."""
    assert rensa.RMinHash.ALGORITHM_VERSION == 2
    script = f"from dateline.similarity import minhash; print(minhash.of('عنوان', {SAID!r}))"
    elsewhere = {"PYTHONHASHSEED": "5", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=elsewhere)
    assert done.stdout.strip() == str(made("عنوان", SAID)) == PINNED


def test_fingerprint_round_trip() -> None:
    """A fingerprint is read as it was written."""
    found = made("Title", SAID)
    assert Fingerprint.parse(str(found)) == found
    assert len(str(found)) == 224


def test_letters_make_no_difference() -> None:
    assert made("عنوان", SAID) == made("عنوان", SAME)


@pytest.mark.parametrize(("title", "text"), [("", ""), ("Flash", "More to come."), ("", "one two three")])
def test_few_words_no_fingerprint(title: str, text: str) -> None:
    """Of few words there is none."""
    assert minhash.of(title, text) is None


def test_versions_are_never_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingerprints of two versions are never alike."""
    before = made("Title", SAID)
    assert before.is_like(made("Another title", SAID))
    monkeypatch.setattr(minhash, "VERSION", 2)
    assert not before.is_like(made("Title", SAID))
    assert not {*before.names()} & {*made("Title", SAID).names()}
