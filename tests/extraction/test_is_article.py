"""Stories that look like error pages and walls, and error pages and walls themselves."""

import gzip

import pytest

from dateline.article import Outcome
from dateline.extraction import extract
from dateline.page import Page

PROSE = {
    "en": "The harbour board opened the rebuilt quay on Tuesday, and the first ship tied up before noon. " * 3,
    "fr": "La régie du port a ouvert mardi le quai reconstruit, et le premier navire a accosté avant midi. " * 3,
    "tr": "Liman idaresi salı günü yenilenen rıhtımı açtı ve ilk gemi öğleden önce bağlandı, denildi burada. " * 3,
    "ar": "افتتحت هيئة الميناء الرصيف الجديد يوم الثلاثاء ورست أول سفينة قبل الظهر وقال الصيادون إنهم ينتظرون. " * 3,
}
HEADLINES = [
    ("en", "500 migrants rescued off the coast"),
    ("en", "Forbidden zones on the coast are mapped"),
    ("en", "Access denied to reporters at the port"),
    ("en", "Security check delays hundreds at the border"),
    ("en", "Just a moment of rain ends the drought"),
    ("fr", "400 tonnes de blé débarquées au port"),
    ("fr", "Accès refusé aux journalistes à la frontière"),
    ("tr", "403 göçmen kurtarıldı"),
    ("tr", "Yasak bölgeler haritaya işlendi"),
    ("ar", "404 مهاجرين وصلوا إلى الميناء"),
    ("ar", "ممنوع الصيد قبالة الساحل حتى الصيف"),
]


@pytest.mark.parametrize("data", ["", '<meta property="article:published_time" content="2019-04-16T09:30:00+02:00">'])
@pytest.mark.parametrize(("language", "headline"), HEADLINES)
def test_headline_like_an_error(language: str, headline: str, data: str) -> None:
    """A short story is archived, though its headline begins as error pages do."""
    assert outcome(f"<html lang={language}>{data}<h1>{headline}</h1><p>{PROSE[language]}</p>") is Outcome.ARCHIVED


@pytest.mark.parametrize(
    "title",
    [
        "404",
        "404 Not Found",
        "Error 404",
        "403 Forbidden",
        "Access denied",
        "Just a moment...",
        "Page not found - News",
        "Erreur 404",
        "Page introuvable | Le Courrier",
        "Accès refusé",
        "Sayfa bulunamadı",
        "خطأ 404",
        "الصفحة غير موجودة",
    ],
)
def test_error_page_is_refused(title: str) -> None:
    """A page with nothing but an error for its headline is refused."""
    sorry = (
        "Sorry, what you asked for is not here any more; go back to the front page or search for it in our archive. "
    )
    assert outcome(f"<title>{title}</title><h1>{title}</h1><p>{sorry * 2}</p>") is Outcome.NOT_ARTICLE


COOKIES = {
    "en": "We use cookies to improve this site.",
    "fr": "Nous utilisons des cookies pour améliorer ce site.",
    "tr": "Bu site çerez kullanır.",
    "ar": "يستخدم هذا الموقع ملفات تعريف الارتباط.",
}


@pytest.mark.parametrize("language", COOKIES)
def test_story_beside_a_cookie_line(language: str) -> None:
    """A short story with a line about cookies below it is archived."""
    page = f"<h1>The quay opens again</h1><article><p>{PROSE[language]}</p><p>{COOKIES[language]}</p></article>"
    assert outcome(page) is Outcome.ARCHIVED


@pytest.mark.parametrize("language", COOKIES)
def test_wall_is_refused(language: str) -> None:
    """A page that asks for consent, and tells no more than that, is refused."""
    page = f"<h1>{COOKIES[language]}</h1><article><p>{COOKIES[language] * 8}</p></article>"
    assert outcome(page) is Outcome.NOT_ARTICLE


@pytest.mark.parametrize(
    "asked",
    [
        "We and our 842 partners store and access information on a device, such as identifiers, for personal ads.",
        "We and our trusted partners process personal data to measure audiences and to develop services for them.",
        "Nous et nos 127 partenaires stockons des informations sur votre appareil pour mesurer nos audiences.",
    ],
)
def test_wall_of_partners(asked: str) -> None:
    page = f"<h1>Port Selwan Courier</h1><article><p>{asked}</p><p>{asked}</p></article>"
    assert outcome(page) is Outcome.NOT_ARTICLE


def test_flash_with_data() -> None:
    """An agency's flash of a line is a story if its data call it one."""
    said = '{"@type":"NewsArticle","headline":"عاجل","datePublished":"2019-04-16"}'
    data = f'<script type="application/ld+json">{said}</script>'
    text = "عاجل: هيئة الميناء تعلن افتتاح الرصيف الشرقي أمام السفن بعد عامين من العاصفة"
    page = f"<html lang=ar>{data}<h1>الميناء يفتتح رصيفه الشرقي</h1><article><p>{text}</p></article>"
    assert outcome(page) is Outcome.ARCHIVED


@pytest.mark.parametrize("name", ["lead", "chapo", "spot"])
def test_flash_of_its_summary_alone(name: str) -> None:
    """A live report that shows only its summary keeps it as its text."""
    text = "The harbour board says that the eastern quay is open to ships again, two winters after the storm broke it."
    page = f'<article><h1>Port Selwan opens its quay</h1><div class="{name}"><p>{text}</p></div></article>'
    assert outcome(page) is Outcome.ARCHIVED


CHARSETS = [
    ("ar", "windows-1256", "iso-8859-6"),
    ("ar", "windows-1256", "iso-8859-8"),
    ("ar", "windows-1256", "windows-1251"),
    ("ar", "windows-1256", "iso-8859-1"),
    ("ar", "windows-1256", ""),
    ("ar", "iso-8859-6", "iso-8859-6"),
    ("tr", "windows-1254", ""),
    ("tr", "windows-1254", "iso-8859-1"),
    ("tr", "windows-1254", "windows-1252"),
    ("tr", "iso-8859-9", "iso-8859-9"),
    ("fr", "windows-1252", ""),
    ("fr", "windows-1252", "iso-8859-1"),
]


@pytest.mark.parametrize(("language", "charset", "declared"), CHARSETS)
@pytest.mark.parametrize("said", [True, False])
def test_charset_in_spite_of_declaration(language: str, charset: str, declared: str, said: bool) -> None:
    """A page is read in the charset of its bytes, whether or not it names its language."""
    meta = f'<meta http-equiv=Content-Type content="text/html; charset={declared}">' if declared else ""
    markup = (
        f"<html{f' lang={language}' if said else ''}>{meta}<h1>The quay</h1><article><p>{PROSE[language]}</p></article>"
    )
    found = extract(Page("https://x.example/a", markup.encode(charset)))
    assert found.article is not None
    assert PROSE[language].strip()[:90] in found.article.text


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("language", PROSE)
def test_gzip_without_a_header(language: str, times: int) -> None:
    """A page that its server compressed without saying so, once or twice, is read."""
    body = f"<meta charset=utf-8><h1>The quay</h1><article><p>{PROSE[language]}</p></article>".encode()
    for _ in range(times):
        body = gzip.compress(body)
    found = extract(Page("https://x.example/a", body))
    assert found.article is not None
    assert PROSE[language].strip()[:90] in found.article.text


@pytest.mark.parametrize("body", [b"\x1f\x8b", b"\x1f\x8b\x08" + b"\0" * 50, gzip.compress(gzip.compress(b"%PDF-1.7"))])
def test_gzip_of_no_page(body: bytes) -> None:
    """Compressed bytes that hold no page are refused."""
    assert extract(Page("https://x.example/a", body)).outcome is Outcome.NOT_ARTICLE


def outcome(markup: str) -> Outcome:
    return extract(Page("https://x.example/news/a-story", markup.encode())).outcome
