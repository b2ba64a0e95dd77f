"""The steps of extraction one by one, over data."""

import pytest

from dateline.article import Dateline
from dateline.extraction.body import boilerplate, fallbacks, find
from dateline.extraction.fields import headline, language, taxonomy
from dateline.extraction.fields.credits import agencies, authors, dateline_agencies
from dateline.extraction.fields.photographs import images
from dateline.extraction.fields.story_area import Zone
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document
from dateline.page import Page


def document(markup: str, url: str = "https://www.coast-post.example/news/1") -> Document:
    return Document.of(Page(url=url, body=f"<html>{markup}</html>".encode()))


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


REST = "the minister said on Tuesday that the road would open."
DATELINES = [
    ("TUNIS - ", Dateline("TUNIS", "Tunis"), ()),
    ("TRIPOLI, Libya (Reuters) - ", Dateline("TRIPOLI, Libya", "Tripoli", "ly"), ("Reuters",)),
    ("TALLAHASSEE, Fla. (AP) — ", Dateline("TALLAHASSEE, Fla.", "Tallahassee"), ("AP",)),
    ("BEN GUERDANE (AFP) – ", Dateline("BEN GUERDANE", "Ben Guerdane"), ("AFP",)),
    ("Tunis, 12 avril (TAP) - ", Dateline("Tunis", "Tunis"), ("TAP",)),
    ("İSTANBUL (AA) - ", Dateline("İSTANBUL", "İstanbul"), ("Anadolu",)),
    ("(AFP) - ", None, ("AFP",)),
    ("القاهرة - ", Dateline("القاهرة", "القاهرة"), ()),
    ("سبها (رويترز) - ", Dateline("سبها", "سبها"), ("Reuters",)),
    ("طرابلس، ليبيا (أ ف ب) - ", Dateline("طرابلس، ليبيا", "طرابلس", "ly"), ("AFP",)),
]


@pytest.mark.parametrize(("printed", "want", "named"), DATELINES, ids=[printed for printed, *_ in DATELINES])
def test_a_dateline(printed: str, want: Dateline | None, named: tuple[str, ...]) -> None:
    found, opening, blocks = dateline_agencies.without_dateline([printed + REST, "More."])
    assert (found, blocks) == (want, [REST, "More."])
    assert agencies.named([opening]) == named


@pytest.mark.parametrize(
    "line",
    [
        "BREAKING - " + REST,
        "NATO said - and it was not alone - that " + REST,
        "The road - long closed - will open, " + REST,
        "TUNIS - Short.",
        "قال - " + REST,
        "عاجل - " + REST,
    ],
)
def test_what_is_no_dateline(line: str) -> None:
    assert dateline_agencies.without_dateline([line]) == (None, "", [line])


FURNITURE = [
    "Read also: A new pier for Khums",
    "[Related: The pier]",
    "Share",
    "Share this on Facebook",
    "Sign up for our newsletter to get stories like this every morning.",
    "12 comments",
    "Advertisement",
    "© 2019 The Coast Post. All rights reserved.",
    "À lire aussi : Les oignons de l’Aïr",
    "Il vous reste 57 % de cet article à lire. La suite est réservée aux abonnés.",
    "İlgili Haberler",
    "Haberin devamı",
    "اقرأ أيضا: موسم القطن يبدأ مبكرا",
    "مواضيع ذات صلة",
    "جميع الحقوق محفوظة",
    "Facebook | Twitter | WhatsApp",
    "Photo: Salma Treki",
    "تصوير: هالة منصور",
    "More from The Coast Post",
    "Get our letter delivered straight to your inbox.",
    "We may earn a commission when you buy through our links.",
    "[button link=”/x” type=”big”] Send us yours[/button]",
    "___",
]
PROSE = [
    "Read the letter, he said, and then tell me what you think of it.",
    "More than forty people came to the market, the guard said.",
    "Watch repairers have left the old town one by one.",
    "He asked the council to sign the deal before the summer.",
    "The comments of the mayor were not recorded.",
    "قرأ الوزير البيان أمام الصحفيين وغادر القاعة.",
    "Partager l’eau reste la règle dans la vallée.",
    "Haberin ardından kasaba meydanında toplandılar.",
    "For more than a decade nobody could visit the island.",
    "The council will receive a share of what the port earns.",
    "Register to vote by Sunday, the commission asked the residents.",
    "OPEC (with its thirteen members) meets in the town on Monday.",
    "Photographs of the old harbour hang in the town hall.",
]


@pytest.mark.parametrize("line", FURNITURE)
def test_a_line_that_is_furniture(line: str) -> None:
    assert boilerplate.is_boilerplate(line)


@pytest.mark.parametrize("line", PROSE)
def test_a_line_that_is_prose(line: str) -> None:
    assert not boilerplate.is_ending(line)


def test_related_list_is_cut() -> None:
    """A list of other stories goes from the end."""
    story = [
        "The pier is long.",
        "More from The Coast Post",
        "Onions are dear again",
        "A well is mended",
        "Boats for Sirte",
    ]
    assert find.without_furniture(story, set()) == story[:1]


def test_sign_offs_at_end() -> None:
    """Sign offs go from the end only."""
    story = ["Reporting by hand is slow.", "The pier is long.", "Reporting by Salma Treki", "AFP"]
    assert find.without_furniture(story, set()) == story[:2]


HEADLINES = {
    "outlet's name at the end": ("<title>A ferry returns | The Coast Post</title>", "og", "A ferry returns"),
    "outlet's name at the start": ("<title>The Coast Post - A ferry returns</title>", "og", "A ferry returns"),
    "the host as a name": ("<title>A ferry returns - Coast Post</title>", "", "A ferry returns"),
    "what follows the h1": ("<title>A ferry returns - Libya</title><h1>A ferry returns</h1>", "", "A ferry returns"),
    "its own dash stays": ("<title>A ferry - at last - returns</title>", "", "A ferry - at last - returns"),
    "agreement beats order": (
        '<meta property="og:title" content="You won’t believe this"><title>A '
        "ferry returns</title><h1>A ferry returns</h1>",
        "",
        "A ferry returns",
    ),
    "not the outlet's own h1": (
        '<h1></h1><h1>News</h1><meta property="og:title" content="A ferry returns">',
        "",
        "A ferry returns",
    ),
    "entities in data": (ld('{"@type":"NewsArticle","headline":"Ferry &amp;amp; <b>port</b>"}'), "", "Ferry & port"),
    "what is shown in an h2, where the h1 is a step of the menu": (
        '<meta property="og:title" content="A ferry returns"><title>Zliten: ferry back</title>'
        + ld('{"@type":"NewsArticle","headline":"Zliten: ferry back"}')
        + "<nav><h1>Zliten: ferry back</h1></nav><h2><span>After a year</span> <span>A ferry returns</span></h2>",
        "",
        "A ferry returns",
    ),
    "not the h2 that points to another story": (
        '<meta property="og:title" content="A ferry returns"><title>Zliten: ferry back</title>'
        + ld('{"@type":"NewsArticle","headline":"Zliten: ferry back"}')
        + '<h1>Zliten: ferry back</h1><h2><a href="/b">A ferry returns</a></h2>',
        "",
        "Zliten: ferry back",
    ),
    "without a label that other sources have not": (
        '<meta property="og:title" content="Opinion | A ferry returns"><h1>Opinion A ferry returns</h1>'
        + ld('{"@type":"NewsArticle","headline":"A ferry returns"}'),
        "",
        "A ferry returns",
    ),
    "without the section behind what the data say": (
        '<meta property="og:title" content="A ferry returns-Politics|The Coast Post">'
        + ld('{"@type":"NewsArticle","headline":"A ferry returns"}'),
        "og",
        "A ferry returns",
    ),
    "the h1 of its own where the data disagree": (
        '<meta property="og:title" content="Ferry is back"><title>Zliten ferry news</title>'
        + ld('{"@type":"NewsArticle","headline":"The ferry to Zliten"}')
        + "<h1>A ferry returns to Zliten</h1>",
        "",
        "A ferry returns to Zliten",
    ),
    "cut where the page's state says": (
        '<title>A ferry returns-Politics</title><script>var state = {"title": "A ferry returns"}</script>',
        "",
        "A ferry returns",
    ),
    "the spelling that most have": (
        '<meta property="og:title" content="Ferry: it returns"><h1>Ferry: it returns</h1>'
        + ld('{"@type":"NewsArticle","headline":"Ferry - it returns"}'),
        "",
        "Ferry: it returns",
    ),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_the_headline(name: str) -> None:
    markup, site, want = HEADLINES[name]
    site_name = '<meta property="og:site_name" content="The Coast Post">' if site else ""
    found = headline.find(document(f"<head>{site_name}{markup}</head>"))
    assert found is not None
    assert found.value == want


BYLINES = {
    '<meta name="author" content="By Salma Treki">': ("Salma Treki",),
    '<meta name="author" content="Salma Treki and Omar Naas">': ("Salma Treki", "Omar Naas"),
    '<meta name="author" content="Salma Treki, The Coast Post">': ("Salma Treki",),
    '<meta name="author" content="https://facebook.com/salma"><a rel="author">Salma Treki</a>': ("Salma Treki",),
    '<meta name="author" content="@coastpost"><p class="byline">By Salma Treki</p>': ("Salma Treki",),
    '<meta name="author" content="Admin"><span class="author">Par Aïssa Moussa et Ali Baba</span>': (
        "Aïssa Moussa",
        "Ali Baba",
    ),
    '<span class="writer">كتب: هالة منصور</span>': ("هالة منصور",),
    '<p class="byline">SALMA TREKI</p><p class="byline">Salma Treki</p>': ("SALMA TREKI",),
    '<aside><span class="author">Other Person</span></aside>': (),
    '<div class="comments"><div class="comment"><span class="author">Angry Reader</span></div></div>': (),
    '<h1>A story</h1><p><a href="/author/salma">Salma Treki</a></p>': ("Salma Treki",),
    "<h1>A story</h1><div>By Salma Treki</div>": ("Salma Treki",),
    "<h1>A story</h1><div>بقلم: هالة منصور</div>": ("هالة منصور",),
    "<h1>A story</h1><p>By Tuesday the pier was open</p>": (),
    "<h1>A story</h1><ul><li><b>Auteur</b> Salma Treki</li></ul>": ("Salma Treki",),
    '<h1>A story</h1><div><h3><a href="/b">Other</a></h3><p class="author">Other Person</p></div>': (),
    '<h1>A story</h1><figure><span class="byline">Some Photographer</span></figure>': (),
    '<meta name="author" content="Salma Treki The Associated Press">': ("Salma Treki",),
    '<meta name="author" content="La Gazette et AFP">': ("La Gazette et AFP",),
    '<meta name="author" content="Courrier du Golfe (www.coast-post.example)"><p class="author">Salma Treki</p>': (
        "Salma Treki",
    ),
    '<meta name="author" content="The Coast Post"><meta name="byl" content="Reuters">': ("Reuters",),
    '<meta name="author" content="Coast Post staff reporter">': ("Coast Post staff reporter",),
    '<meta name="author" content="The Coast Post">': ("The Coast Post",),
}


@pytest.mark.parametrize("markup", BYLINES)
def test_who_wrote_it(markup: str) -> None:
    found = authors.find(
        document(f'<head><meta property="og:site_name" content="The Coast Post"></head><body>{markup}</body>')
    )
    assert (found.value if found else ()) == BYLINES[markup]


BLOCKS = {
    "trailing commas": '{"@type":"NewsArticle","headline":"x",}',
    "in a comment": '<!-- {"@type":"NewsArticle","headline":"x"} -->',
    "a CDATA section": '//<![CDATA[\n{"@type":"NewsArticle","headline":"x"}\n//]]>',
    "a list": '[{"@type":"WebSite"},{"@type":"NewsArticle","headline":"x"}]',
    "a graph": '{"@graph":[{"@type":["Article","NewsArticle"],"headline":"x"}]}',
    "nested": '{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","headline":"x"}}',
    "a line end in a string": '{"@type":"NewsArticle","headline":"x","description":"a\nb"}',
    "two objects": '{"@type":"WebSite"}{"@type":"NewsArticle","headline":"x"}',
    "a semicolon": '{"@type":"NewsArticle","headline":"x"};',
    "entities": "{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;headline&quot;:&quot;x&quot;}",
    "cut off behind it": '{"@type":"NewsArticle","headline":"x"}{"@type":',
}


@pytest.mark.parametrize("name", BLOCKS)
def test_json_ld_however_written(name: str) -> None:
    assert document(ld(BLOCKS[name])).story.get("headline") == "x"


def test_own_story_among_others() -> None:
    """The pages own story among others."""
    other = '{"@type":"NewsArticle","headline":"Other","datePublished":"2019","author":"A B"}'
    assert document(ld(f'[{other},{{"@type":"Article","headline":"Own"}}]') + "<h1>Own</h1>").story["headline"] == "Own"
    assert jsonld.stories([]) == []


def test_repeated_photograph_is_one() -> None:
    """A photograph shown twice is one."""
    shown = '<p class="caption">Boats at Sirte (AFP)</p>'
    page = document(f'<div class="photo"><img src="/a.jpg">{shown}</div><div class="box">{shown}</div>')
    found, _ = images.find(page, Zone.of(page, []))
    assert found is not None
    assert [(image.url, image.caption, image.credit) for image in found.value] == [
        ("https://www.coast-post.example/a.jpg", "Boats at Sirte", "AFP")
    ]


@pytest.mark.parametrize(
    ("markup", "want"),
    [
        (ld('{"@type":"NewsArticle","isAccessibleForFree":false}'), True),
        (ld('{"@type":"NewsArticle","isAccessibleForFree":"True"}'), False),
        ('<meta property="article:content_tier" content="metered">', True),
        ('<div class="paywall">For subscribers</div>', True),
        ("<p>Words</p>", None),
    ],
)
def test_a_wall(markup: str, want: bool | None) -> None:
    found = taxonomy.paywalled(document(markup))
    assert (found.value if found else None) == want


SENTENCES = {
    "en": "The ferry between the two towns sailed again on Tuesday "
    "with forty passengers, and they were glad to have it.",
    "fr": "Le bac qui relie les deux villes a repris mardi avec quarante "
    "passagers, et les pêcheurs en sont très contents.",
    "ar": "عادت العبارة التي تربط بين المدينتين إلى العمل يوم الثلاثاء "
    "وعلى متنها أربعون راكبا من سكان الساحل وكانوا سعداء.",
    "tr": "İki kasaba arasında çalışan feribot salı günü kırk yolcu ile "
    "yeniden sefere çıktı ve balıkçılar bundan çok memnun oldu.",
    "fa": "کشتی که بین دو شهر کار می‌کند روز سه‌شنبه با چهل مسافر دوباره "
    "به راه افتاد و ماهیگیران از این کار بسیار خوشحال شدند.",
}


@pytest.mark.parametrize("code", SENTENCES)
@pytest.mark.parametrize("declared", [None, "right", "en"])
def test_the_language(code: str, declared: str | None) -> None:
    found = language.spoken(SENTENCES[code], code if declared == "right" else declared)
    assert found is not None
    assert found.value == code


def test_witness_restores_missing_text() -> None:
    """A witness is heard where most of the text is missing."""
    body = " ".join(f"Sentence number {n} of the story says something new about the pier." for n in range(40))
    page = document(ld(f'{{"@type":"NewsArticle","headline":"x","articleBody":"{body}"}}') + "<p>Teaser.</p>")
    assert "number 39" in fallbacks.settled(page, ["Teaser."]).value[-1]
    assert fallbacks.settled(page, [body]).rule == "trafilatura"
