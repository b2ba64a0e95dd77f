"""One spelling of what is written in several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dateline.similarity.folding import fold, words


@pytest.mark.parametrize(
    "spellings",
    [
        ("أحمد", "احمد", "اَحْمَد", "أحـــمد", "ٱحمد"),
        ("الآن", "الان", "الٓان"),
        ("مسؤول", "مسوول"),
        ("بيئة", "بييه"),
        ("بناء", "بنا"),
        ("مدرسة", "مدرسه", "مَدرَسة"),
        ("مصطفى", "مصطفي", "مصطفی"),
        ("كتاب", "کتاب", "ﻛﺘﺎﺏ"),
        ("هٰذا", "هذا"),
        ("لا", "ﻻ"),
        ("١٢٣", "123", "۱۲۳"),
        ("می\u200cشود", "میشود"),
        ("IŞIK", "ışık", "isik", "İŞIK"),
        ("kâğıt", "kağıt", "kagit", "KÂĞIT"),
        ("Béja", "beja", "Be\u0301ja", "BÉJA"),
        ("Œuvre", "oeuvre"),
        ("Straße", "strasse"),
        ("micro\u00adphone", "microphone", "\u202bmicrophone\u202c"),
        ("Київ", "киів"),
    ],
)
def test_spellings_fold_to_one(spellings: tuple[str, ...]) -> None:
    """Spellings of one word are one."""
    assert len({fold(each) for each in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("درس", "درش"), ("بيت", "بنت"), ("پدر", "بدر"), ("cote", "code"), ("1", "2")]
)
def test_other_words_stay_others(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(st.characters(categories=["L", "N", "P", "Z"])))
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_words_are_separated() -> None:
    """Words are parted from what stands between them."""
    assert words("«Tripoli» : l’État, 1.250 DT (AFP)") == ["tripoli", "l", "etat", "1", "250", "dt", "afp"]
    assert words("قال الوزير، أمس: «نعم».") == ["قال", "الوزير", "امس", "نعم"]
