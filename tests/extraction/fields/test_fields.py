"""One page to an article: invented pages in the outlets' languages, field by field."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from dateline.article import Article, Dateline, Image, Outcome, content_digest
from dateline.extraction import extract
from dateline.keys import identifiers
from dateline.page import Page

CAPTURED = datetime(2019, 4, 17, 6, 0, tzinfo=UTC)


class Outlet(NamedTuple):
    """A story as an outlet sets it: its markup, and what an archive must have of it."""

    page: Page
    want: dict[str, Any]


def page(url: str, html: str, **known: Any) -> Page:
    return Page(url=url, body=html.encode(), captured_at=CAPTURED, **known)


ENGLISH = Outlet(
    page(
        "https://www.coast-post.example/news/ferry-returns/?utm_source=mail",
        """<!DOCTYPE html><html lang="en"><head><title>Ferry returns to Zliten after a year | The Coast Post</title>
        <meta property="og:site_name" content="The Coast Post"></head><body>
        <nav><a href="/">Home</a> <a href="/libya/">Libya</a></nav><div class="today">Wednesday 17/04/2019</div>
        <article><h1>Ferry returns to Zliten after a year</h1>
        <p class="standfirst">Fishermen asked for it, and the harbour office has found a captain.</p>
        <p class="byline">By <a rel="author" href="/by/salma">Salma Treki</a> and Omar Naas</p>
        <span class="date">Tuesday 16/04/2019</span>
        <div class="share"><a href="#">Share on Facebook</a> <a href="#">Tweet</a></div>
        <figure><img src="/img/ferry.jpg"><figcaption>The ferry at its berth (AFP)</figcaption></figure>
        <p class="caption">The ferry at its berth (AFP)</p>
        <p>TRIPOLI, Libya (Reuters) - The small ferry between Zliten and Khums sailed again on Tuesday, with forty
        passengers and eleven sheep, as the <a href="https://harbours.example.org/notice">harbour notice</a> said.</p>
        <p>“We had forgotten the sound of its horn,” said the baker Rajab Mlitan, who lives beside the quay.</p>
        <p class="also"><b>Read also:</b> <a href="/news/pier/">A new pier for Khums</a></p>
        <p>Tickets cost three dinars, and the crossing takes a little over two hours when the sea is calm.</p>
        <p>Reporting by Salma Treki; editing by Omar Naas</p></article>
        <div class="related"><h4>Related stories</h4><ul><li><a href="/a/">Boats</a></li><li><a
        href="/b/">Nets</a></li></ul>
        </div><footer>© 2021 The Coast Post</footer></body></html>""",
        timezone="Africa/Tripoli",
        country="ly",
    ),
    {
        "url": "https://www.coast-post.example/news/ferry-returns/",
        "title": "Ferry returns to Zliten after a year",
        "standfirst": "Fishermen asked for it, and the harbour office has found a captain.",
        "authors": ("Salma Treki", "Omar Naas"),
        "published_at": "2019-04-16",
        "published_precision": "day",
        "dateline": Dateline("TRIPOLI, Libya", "Tripoli", "ly"),
        "agencies": ("Reuters",),
        "images": (Image("https://www.coast-post.example/img/ferry.jpg", "The ferry at its berth", "AFP"),),
        "links": ("https://harbours.example.org/notice",),
        "language": "en",
        "declared_language": "en",
        "text": "The small ferry between Zliten and Khums sailed again "
        "on Tuesday, with forty passengers and eleven sheep, "
        "as the harbour notice said.\n\n“We had forgotten the sound of its horn,” said the baker Rajab "
        "Mlitan, who lives "
        "beside the quay.\n\nTickets cost three dinars, and the crossing takes a little over two hours "
        "when the sea is calm.",
    },
)

ARABIC = Outlet(
    page(
        "https://dalta.example/economy/4411",
        """<!DOCTYPE html><html lang="ar" dir="rtl"><head><title>مصنع جديد للورق في دمنهور - صحيفة الدلتا</title>
        <meta property="og:site_name" content="صحيفة الدلتا"><meta property="og:title" content="مصنع
        جديد للورق في دمنهور">
        <meta property="article:section" content="اقتصاد"></head><body><section class="post">
        <h1>مصنع جديد للورق في دمنهور</h1>
        <div class="meta"><span class="writer">كتبت: هالة منصور</span> <span class="date">الثلاثاء ١٦
        أبريل ٢٠١٩ - ٠٩:٣٠ م</span></div>
        <div class="social"><span>شارك</span> <a href="#">فيسبوك</a> <a href="#">تويتر</a></div>
        <div class="body"><p>القاهرة - افتتحت محافظة البحيرة يوم الثلاثاء مصنعا صغيرا يحول قش الأرز إلى
        ورق مدرسي، بعد عامين من
        التجارب التي قادتها مهندسة من المدينة.</p>
        <p>وقالت المهندسة سناء البنا إن المصنع يشتري القش من ثلاثمئة مزارع، وإن الدخان الأسود الذي كان
        يغطي السماء كل خريف قد قل.</p>
        <div class="inline-related">اقرأ أيضاً: <a href="/x/">موسم القطن يبدأ مبكرا</a></div>
        <p>ويعمل في المصنع سبعون شخصا، نصفهم من النساء، ويأمل أصحابه في بيع الدفاتر في مدارس الدلتا
        كلها قبل نهاية العام.</p></div>
        </section><aside><h3>موضوعات ذات صلة</h3><ul><li><a href="/1">القطن</a></li><li><a
        href="/2">القمح</a></li></ul></aside>
        </body></html>""",
        timezone="Africa/Cairo",
        country="eg",
    ),
    {
        "title": "مصنع جديد للورق في دمنهور",
        "authors": ("هالة منصور",),
        "section": "اقتصاد",
        "published_at": "2019-04-16T21:30:00+02:00",
        "published_precision": "minute",
        "dateline": Dateline("القاهرة", "القاهرة", "eg"),
        "language": "ar",
        "text": "افتتحت محافظة البحيرة يوم الثلاثاء مصنعا صغيرا يحول قش "
        "الأرز إلى ورق مدرسي، بعد عامين من التجارب التي قادتها "
        "مهندسة من المدينة.\n\nوقالت المهندسة سناء البنا إن المصنع يشتري القش من ثلاثمئة مزارع، وإن "
        "الدخان الأسود الذي كان "
        "يغطي السماء كل خريف قد قل.\n\nويعمل في المصنع سبعون شخصا، نصفهم من النساء، ويأمل أصحابه في بيع "
        "الدفاتر في مدارس "
        "الدلتا كلها قبل نهاية العام.",
    },
)

FRENCH = Outlet(
    page(
        "https://lesahel.example/2019/04/16/puits-de-tabelot",
        """<!DOCTYPE html><html lang="fr"><head>
        <title>À Tabelot, le puits a retrouvé son eau – Le Sahel du Matin</title>
        <link rel="canonical" href="https://lesahel.example/2019/04/16/puits-de-tabelot?id=7">
        <script type="application/ld+json">{"@context":"https://schema.org","@graph":[
        {"@type":"WebSite","@id":"#s","name":"Le Sahel du
        Matin"},{"@type":"Person","@id":"#p","name":"Par Aïssa Moussa"},
        {"@type":["NewsArticle"],"headline":"À Tabelot, le puits a retrouvé son
        eau","datePublished":"2019-04-16T07:30:00+01:00",
        "dateModified":"2019-04-16T11:00:00+01:00","author":{"@id":"#p"},"articleSection":"Niger",
        "keywords":"Aïr, eau, Agadez","isAccessibleForFree":"False","inLanguage":"fr-NE",}]}</script></head><body>
        <main><article><h1>À Tabelot, le puits a retrouvé son eau</h1>
        <p>NIAMEY (AFP) – Après trois saisons sèches, le grand puits de Tabelot donne de nouveau, ont constaté mardi les
        maraîchers de la vallée.</p><p class="lire-aussi">Lire aussi : <a href="/x">Les oignons de l’Aïr</a></p>
        <p>Le forage a été repris à quarante-deux mètres, dit le chef du village, qui a compté chaque
        journée de travail.</p>
        <p>Une pompe solaire remplacera avant juin les ânes qui tiraient jusqu’ici l’eau de la nappe.</p>
        <p>La suite de cet article est réservée aux abonnés.</p></article></main></body></html>""",
        timezone="Africa/Niamey",
        country="ne",
    ),
    {
        "url": "https://lesahel.example/2019/04/16/puits-de-tabelot?id=7",
        "title": "À Tabelot, le puits a retrouvé son eau",
        "authors": ("Aïssa Moussa",),
        "section": "Niger",
        "tags": ("Aïr", "eau", "Agadez"),
        "published_at": "2019-04-16T07:30:00+01:00",
        "modified_at": "2019-04-16T11:00:00+01:00",
        "published_precision": "second",
        "dateline": Dateline("NIAMEY", "Niamey", "ne"),
        "agencies": ("AFP",),
        "paywalled": True,
        "language": "fr",
        "text": "Après trois saisons sèches, le grand puits de Tabelot donne "
        "de nouveau, ont constaté mardi les maraîchers de la "
        "vallée.\n\nLe forage a été repris à quarante-deux mètres, dit le chef du village, qui a compté "
        "chaque journée de "
        "travail.\n\nUne pompe solaire remplacera avant juin les ânes qui tiraient jusqu’ici l’eau de la nappe.",
    },
)

TURKISH = Outlet(
    page(
        "https://kiyi.example/haber/991",
        """<!DOCTYPE html><html lang="tr"><head><title>Mersin limanında yeni vinç - Kıyı Haber</title>
        <meta property="og:title" content="Mersin limanında yeni vinç"></head><body><div class="haber">
        <h1>Mersin limanında yeni vinç</h1><div class="info"><span class="tarih">16 Nisan 2019 14:05</span></div>
        <div class="metin"><p>MERSİN (AA) - Mersin limanına getirilen yeni vinç salı günü ilk kez
        çalıştırıldı ve iki saat içinde kırk
        konteyner indirdi.</p><p>Liman müdürü Selma Aydın, bekleme süresinin üç günden bir güne
        inmesini beklediklerini söyledi.</p>
        <p>İşçiler yeni vincin eskisinden daha sessiz olduğunu, gece vardiyasında kasabanın artık
        uyuyabildiğini anlattı.</p>
        <p>İlgili Haberler</p></div></div></body></html>""",
        timezone="Europe/Istanbul",
        country="tr",
    ),
    {
        "title": "Mersin limanında yeni vinç",
        "published_at": "2019-04-16T14:05:00+03:00",
        "published_precision": "minute",
        "dateline": Dateline("MERSİN", "Mersin", "tr"),
        "agencies": ("Anadolu",),
        "language": "tr",
        "text": "Mersin limanına getirilen yeni vinç salı günü ilk kez çalıştırıldı "
        "ve iki saat içinde kırk konteyner indirdi."
        "\n\nLiman müdürü Selma Aydın, bekleme süresinin üç günden bir güne inmesini beklediklerini "
        "söyledi.\n\nİşçiler yeni "
        "vincin eskisinden daha sessiz olduğunu, gece vardiyasında kasabanın artık uyuyabildiğini anlattı.",
    },
)

TOLD = {
    "title",
    "text",
    "standfirst",
    "authors",
    "section",
    "tags",
    "published_at",
    "modified_at",
    "language",
    "paywalled",
}
OUTLETS = {"english": ENGLISH, "arabic": ARABIC, "french": FRENCH, "turkish": TURKISH}


def article(page: Page) -> Article:
    extraction = extract(page)
    assert extraction.outcome is Outcome.ARCHIVED, extraction.reason
    assert extraction.article is not None
    return extraction.article


@pytest.mark.parametrize(
    ("outlet", "field"), [(name, field) for name, outlet in OUTLETS.items() for field in outlet.want]
)
def test_fields_as_page_says(outlet: str, field: str) -> None:
    """A field is what the page says."""
    assert getattr(article(OUTLETS[outlet].page), field) == OUTLETS[outlet].want[field]


@pytest.mark.parametrize("name", OUTLETS)
def test_what_follows_from_the_words(name: str) -> None:
    found = article(OUTLETS[name].page)
    assert found.id == identifiers.article_id(found.url)
    assert found.digest == content_digest(found.title, found.text)
    assert found.word_count == len(found.text.split())
    assert found.captured_at == "2019-04-17T06:00:00.000Z"
    assert found.extractor is not None
    assert Article.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("name", OUTLETS)
def test_fields_have_provenance(name: str) -> None:
    """Every field says where it is from."""
    found = article(OUTLETS[name].page)
    empty = {name for name, value in found.to_dict().items() if not value and value is not False}
    assert TOLD - empty <= set(found.provenance)


def test_zoneless_time_uses_source() -> None:
    """A time without a zone is in the sources and says so."""
    assert article(ARABIC.page).provenance["published_at"] == "visible date; zone of the source"
    nowhere = article(replace(ARABIC.page, timezone=None))
    assert (nowhere.published_at, nowhere.published_precision) == ("2019-04-16", "day")


def test_a_page_that_is_gone() -> None:
    assert extract(replace(ENGLISH.page, status=410)).outcome is Outcome.GONE
    assert extract(replace(ENGLISH.page, status=503)).reason == "HTTP status 503"
