"""Names of months as outlets of the region and its neighbours write them, folded for comparison."""

import re
import unicodedata

from dateline.normal_forms import nfc, nfkd

# Arabic has several sets: Levantine and Iraqi, Egyptian, Maghrebi (French), Moroccan, Mauritanian, and the Libya of
# before 2011; Persian has an Iranian and an Afghan one. Short forms follow the full ones.
_WESTERN = {
    1: "january jan janvier janv januar jänner jan enero gennaio janeiro januari ene gen gener styczeń stycznia leden"
    " января январь ιανουαρίου ינואר tammikuu ianuarie",
    2: "february feb février févr fév februar feber febrero febbraio fevereiro februari lutego luty февраля февраль"
    " φεβρουαρίου פברואר helmikuu februarie febuary fevrier",
    3: "march mar mars märz maerz marzo março maart mrt marts marca marzec марта μαρτίου מרץ maaliskuu martie",
    4: "april apr avril avr abril aprile abr kwietnia kwiecień апреля апрель απριλίου אפריל huhtikuu aprilie",
    5: "may mai mayo maggio maio mei maj maja мая май μαΐου מאי toukokuu mag",
    6: "june jun juin juni junio giugno junho giu czerwca czerwiec июня июнь ιουνίου יוני kesäkuu iunie",
    7: "july jul juillet juil juli julio luglio julho lug lipca lipiec июля июль ιουλίου יולי heinäkuu iulie",
    8: "august aug août agosto ago augustus augusti sierpnia sierpień августа август αυγούστου אוגוסט elokuu agustus",
    9: "september sep sept septembre septiembre settembre setembro set września wrzesień сентября сентябрь"
    " σεπτεμβρίου ספטמבר syyskuu septembrie",
    10: "october oct octobre oktober okt octubre ottobre outubro ott out października październik октября октябрь"
    " οκτωβρίου אוקטובר lokakuu octombrie",
    11: "november nov novembre noviembre novembro listopada listopad ноября ноябрь νοεμβρίου נובמבר marraskuu"
    " noiembrie",
    12: "december dec décembre déc dezember dez diciembre dicembre dezembro dic desember des grudnia grudzień"
    " декабря декабрь δεκεμβρίου דצמבר joulukuu decembrie",
}
# Finnish, Czech, Hungarian and Indonesian, as they stand in a date.
_FURTHER = {
    1: "tammikuuta ledna január", 2: "helmikuuta února február", 3: "maaliskuuta března március maret",
    4: "huhtikuuta dubna április", 5: "toukokuuta května május", 6: "kesäkuuta června június",
    7: "heinäkuuta července július", 8: "elokuuta srpna augusztus", 9: "syyskuuta září szeptember",
    10: "lokakuuta října október", 11: "marraskuuta listopadu", 12: "joulukuuta prosince",
}  # fmt: skip
_TURKISH = {
    1: "ocak oca", 2: "şubat şub", 3: "mart", 4: "nisan nis", 5: "mayıs", 6: "haziran haz", 7: "temmuz tem",
    8: "ağustos ağu", 9: "eylül eyl", 10: "ekim eki", 11: "kasım kas", 12: "aralık ara",
}  # fmt: skip
_ARABIC = {
    1: "يناير جانفي جانفيي ينائر أي_النار",
    2: "فبراير شباط اشباط فيفري فبرائر فيبراير النوار",
    3: "مارس آذار مارت الربيع",
    4: "أبريل نيسان أفريل ابرايل الطير",
    5: "مايو أيار ماي نوار الماء",
    6: "يونيو يونيه حزيران جوان الصيف",
    7: "يوليو يوليه تموز جويلية يوليوز جولييه ناصر",
    8: "أغسطس آب أوت غشت أغشت أوغسطس هانيبال",
    9: "سبتمبر أيلول شتنبر شتمبر سيبتمبر الفاتح",
    10: "أكتوبر أوكتوبر التمور",
    11: "نوفمبر نونبر نفمبر نوفنبر نوفمبير الحرث",
    12: "ديسمبر دجنبر دجمبر ديسمبير الكانون",
}
_PERSIAN = {
    1: "ژانویه جنوری", 2: "فوریه فبروری", 3: "مارس مارچ", 4: "آوریل اپریل", 5: "مه می مئی", 6: "ژوئن جون",
    7: "ژوئیه جولای جولائی", 8: "اوت آگوست اگست", 9: "سپتامبر سپتمبر ستمبر", 10: "اکتبر اکتوبر",
    11: "نوامبر نومبر", 12: "دسامبر دسمبر",
}  # fmt: skip
_KURDISH = {
    1: "çile rêbendan", 2: "sibat reşemî شوبات", 3: "adar avdar ئازار", 4: "nîsan", 5: "gulan ئایار",
    6: "hezîran pûşper حوزەیران", 7: "tîrmeh تەمموز تەممووز", 8: "tebax gelawêj ئاب", 9: "îlon rezber ئەیلوول ئەیلول",
    10: "cotmeh kewçêr", 11: "mijdar sermawez", 12: "berfanbar kanûn",
}  # fmt: skip
# كانون and تشرين are two months each, told apart by a word or a number with or without the article.
_FIRST, _SECOND = ["أول", "الأول", "اول", "الاول", "1"], ["ثاني", "الثاني", "ثانى", "الثانى", "تاني", "التاني", "2"]
_TWINS = {12: ("كانون", _FIRST), 1: ("كانون", _SECOND), 10: ("تشرين", _FIRST), 11: ("تشرين", _SECOND)}
_KURDISH_TWINS = {
    "کانوونی دووەم": 1,
    "کانونی دووەم": 1,
    "کانوونی یەکەم": 12,
    "کانونی یەکەم": 12,
    "تشرینی یەکەم": 10,
    "تشرینی دووەم": 11,
}
_SHORT_TWINS = {"ك1": 12, "ك2": 1, "ت1": 10, "ت2": 11}
# Months of Iran and Afghanistan in the Solar Hijri calendar (1399 began on 20 March 2020).
_SOLAR = (
    "فروردین حمل", "اردیبهشت ثور", "خرداد جوزا", "تیر سرطان", "مرداد امرداد اسد", "شهریور سنبله", "مهر میزان",
    "آبان عقرب", "آذر قوس", "دی جدی", "بهمن دلو", "اسفند حوت",
)  # fmt: skip
# Equivalent letters of different keyboards: ي and ى and ی, ك and ک, ة and ه; Turkish ı.
_SAME = str.maketrans("ىیکةۀı", "ييكههi", "ـ")


def fold(text: str) -> str:
    """A text without case, accents, hamza, vowel marks, joiners and marks of direction; digits of any script as ASCII.

    So ``HAZİRAN``, ``Haziran`` and ``Hazıran`` are the same, and so are ``أبريل`` and ``ابريل``.
    """
    if text.isascii():
        return text.casefold()
    plain = nfkd(text).translate(_PLAIN)
    return nfc(plain.translate(_SAME).casefold())


class _Plain(dict[int, str | None]):
    """A table for ``str.translate``, filled as letters occur."""

    def __missing__(self, code: int) -> str | None:
        self[code] = found = _plain(chr(code))
        return found


_PLAIN = _Plain()


def _plain(letter: str) -> str | None:
    if letter.isascii():
        return letter
    if letter.isdigit():
        return str(unicodedata.digit(letter))
    return None if unicodedata.category(letter) in ("Mn", "Cf") else letter


def _numbered() -> dict[str, int]:
    """Each folded name without spaces, and its number."""
    found = dict(_SHORT_TWINS) | {_key(name): number for name, number in _KURDISH_TWINS.items()}
    for table in (_KURDISH, _FURTHER, _WESTERN, _TURKISH, _PERSIAN, _ARABIC):
        for number, listed in table.items():
            found |= {_key(name.replace("_", "")): number for name in listed.split()}
    for number, (stem, which) in _TWINS.items():
        found |= {_key(stem + each): number for each in which}
    return found


def _key(name: str) -> str:
    return re.sub(r"[\s.]+", "", fold(name))


def _alternatives(names: dict[str, int]) -> str:
    """Return a pattern of all the names, with optional spaces and an article's dot."""
    return "|".join(
        re.sub(r"^(كانوو?ني|تشريني|كانون|تشرين|[كت](?=\d))(?=.)|^اي(?=النار)", r"\g<0>\\s*", re.escape(name))
        + ("(?!\\d)" if name[-1].isdigit() else "")
        for name in sorted(names, key=lambda name: (-len(name), name))
    )


_MONTH = _numbered()
_SOLAR_MONTH = {_key(name): number for number, listed in enumerate(_SOLAR, 1) for name in listed.split()}
NAMES = _alternatives(_MONTH)  # for folded text
SOLAR_NAMES = _alternatives(_SOLAR_MONTH)


def month(name: str) -> int | None:
    """The number of a month by its name, in any case and spelling; None for another word."""
    return _MONTH.get(_key(name))


def solar_month(name: str) -> int | None:
    """The number of a month of the Solar Hijri year."""
    return _SOLAR_MONTH.get(_key(name))
