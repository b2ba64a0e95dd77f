"""Section fronts of teasers, refused by their structure, and stories with linked headings."""

import pytest

from dateline.article import Extraction, Outcome
from dateline.extraction import extract
from dateline.page import Page

TEASERS = {
    "en": (
        (
            "Two stations open",
            "The water board opened two pumping stations on Monday after a year of delays and anger.",
        ),
        ("Court opens in Sidra", "A new court opened on Sunday; its judges will hear cases of land that waited years."),
        (
            "Port takes ships",
            "The port takes large ships again after the dredging of its basin, which took four months.",
        ),
        (
            "School roof mended",
            "The roof of the school is whole again, and two hundred pupils are back in their rooms.",
        ),
        ("Dates are dear", "Traders say that the price of dates doubled within a month, as the harvest came in late."),
    ),
    "fr": (
        ("Deux stations ouvrent", "La régie des eaux a ouvert lundi deux stations après un an de retard et de colère."),
        (
            "Un tribunal à Sidra",
            "Un tribunal a ouvert dimanche; ses juges entendront des affaires de terres anciennes.",
        ),
        (
            "Le port rouvert",
            "Le port accueille de grands navires après le dragage de son bassin, qui a duré quatre mois.",
        ),
        ("Le toit réparé", "Le toit de l'école est réparé, et deux cents élèves ont retrouvé leurs salles de classe."),
        (
            "Dattes plus chères",
            "Des marchands disent que le prix des dattes a doublé en un mois, la récolte étant tardive.",
        ),
    ),
    "ar": (
        (
            "افتتاح محطتين",
            "افتتحت مصلحة المياه محطتي ضخ يوم الاثنين بعد عام من التأخير والغضب في أحياء المدينة السفلى.",
        ),
        ("محكمة في سدرة", "افتتحت محكمة جديدة يوم الأحد وسينظر قضاتها في قضايا الأراضي التي انتظرت سنوات طويلة جدا."),
        ("الميناء يستقبل السفن", "يستقبل الميناء السفن الكبيرة من جديد بعد تعميق حوضه الذي استغرق أربعة أشهر كاملة."),
        ("إصلاح سقف المدرسة", "أصلح سقف المدرسة وعاد مئتا تلميذ إلى قاعاتهم بعد شهرين من الدروس في خيام قرب الطريق."),
        ("غلاء التمور", "يقول التجار إن سعر التمور تضاعف خلال شهر واحد بعد أن تأخر موسم الحصاد في الواحات كلها."),
    ),
    "tr": (
        (
            "İki istasyon açıldı",
            "Su idaresi bir yıllık gecikmenin ardından pazartesi günü iki pompa istasyonunu hizmete açtı.",
        ),
        (
            "Sidra'da mahkeme",
            "Pazar günü yeni bir mahkeme açıldı; yargıçlar yıllardır bekleyen arazi davalarına bakacak.",
        ),
        (
            "Liman yeniden açık",
            "Liman, dört ay süren dip taramasının ardından büyük gemileri yeniden kabul etmeye başladı.",
        ),
        (
            "Okulun çatısı onarıldı",
            "Okulun çatısı onarıldı ve iki yüz öğrenci çadırlardaki derslerden sonra sınıflarına döndü.",
        ),
        (
            "Hurma pahalandı",
            "Tüccarlar, hasat geç kaldığı için hurma fiyatının bir ay içinde iki katına çıktığını söylüyor.",
        ),
    ),
}
CARDS = {
    "a card": "<div><h2><a href='/a/{0}'>{1}</a></h2><p>{2}</p></div>",
    "an item": "<li><a href='/a/{0}'><h3>{1}</h3></a><p>{2} <a href='/a/{0}'>...</a></p></li>",
    "a heading and a paragraph": "<h3><a href='https://post.example/a/{0}'>{1}</a></h3><p>{2}</p>",
    "an article": "<article><h2><a href='/a/{0}'>{1}</a></h2><div>{2}</div></article>",
}
LANGUAGES = pytest.mark.parametrize("language", TEASERS)


def extracted(cards: str, language: str, head: str = "") -> Extraction:
    page = f"<html lang='{language}'><head><title>Marun Post</title>{head}</head><body><h1>Marun</h1>{cards}</body>"
    return extract(Page(url="https://post.example/politics", body=page.encode()))


def listed(form: str, language: str) -> str:
    return "".join(CARDS[form].format(at, *teaser) for at, teaser in enumerate(TEASERS[language]))


@LANGUAGES
@pytest.mark.parametrize("form", CARDS)
def test_front_of_teasers_is_refused(form: str, language: str) -> None:
    found = extracted(listed(form, language), language)
    assert (found.outcome, found.reason) == (Outcome.NOT_ARTICLE, "a section front or list of stories")


@LANGUAGES
@pytest.mark.parametrize(
    "head",
    [
        "<meta property='og:type' content='article'>",
        "<meta property='article:published_time' content='2019-04-16T09:00:00Z'>",
        '<script type=\'application/ld+json\'>{"@type": "NewsArticle", "headline": "Marun"}</script>',
    ],
)
def test_digest_by_its_data(head: str, language: str) -> None:
    """A digest that its page calls an article is one."""
    assert extracted(listed("a card", language), language, head).outcome is Outcome.ARCHIVED


@LANGUAGES
def test_story_with_linked_stories(language: str) -> None:
    """A story is archived, though a list of others with teasers follows."""
    told = "".join(f"<p>{text} {text}</p>" for _, text in TEASERS[language])
    page = f"<article>{told}</article><aside>{listed('a card', language)}</aside>"
    assert extracted(page, language).outcome is Outcome.ARCHIVED


@LANGUAGES
def test_headings_with_foreign_links(language: str) -> None:
    """A list of other sites with a text for each is a story."""
    cards = listed("a card", language).replace("href='/a", "href='https://shop.example/a")
    assert extracted(cards, language).outcome is Outcome.ARCHIVED
