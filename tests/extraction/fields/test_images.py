"""Images of a story and the captions that its page shows with them, over invented markups of several systems."""

import pytest

from dateline.article import Image
from dateline.extraction.fields.photographs import captions, images
from dateline.extraction.fields.photographs.image_sources import identity, kin
from dateline.extraction.fields.story_area import Zone
from dateline.extraction.parse.document import Document
from dateline.page import Page

TITLE = "A ferry returns to the old pier"
ADDRESS = "https://www.coast-post.example/news/41"
FIRST = "The ferry between the two towns sailed again on Tuesday, with forty passengers and dates for the market."
LAST = "Its captain said that the engine, in the yard since the winter, would now be looked after each month."
PHOTO = "https://www.coast-post.example/2019/ferry-20190416.jpg"


def found(inner: str, head: str = "", *, before: str = "", after: str = "") -> tuple[Image, ...]:
    """The images of a story with some markup between its two paragraphs."""
    story = f"<h1>{TITLE}</h1>{before}<p>{FIRST}</p>{inner}<p>{LAST}</p>{after}"
    markup = f"<html><head>{head}</head><body><div class='story'>{story}</div></body></html>"
    document = Document.of(Page(url=ADDRESS, body=markup.encode(), content_type="text/html; charset=utf-8"))
    zone = Zone.of(document, [FIRST, LAST], {"a ferry returns to the old pier"})
    photographs, _ = images.find(document, zone, authors=["Salma Treki"], others={"a ferry returns to the old pier"})
    return photographs.value if photographs else ()


LAZY = {
    "data-src": "<img src='/img/blank.gif' data-src='{0}'>",
    "data-original": "<img src='data:image/gif;base64,R0lG' data-original='{0}'>",
    "an attribute of the outlet's own": "<img src='/loading.svg' data-big-photo='{0}'>",
    "srcset": "<img src='data:image/gif;base64,R0lG' srcset='/2019/ferry-20190416-s.jpg 300w, {0} 900w'>",
    "data-srcset": "<img data-srcset='/2019/ferry-20190416-s.jpg 1x, {0} 2x'>",
    "picture": "<picture><source srcset='{0} 800w' type='image/jpeg'><img src='/placeholder.png'></picture>",
    "picture of two sources": "<picture><source media='(min-width: 1px)' data-srcset='{0}'><source><img></picture>",
    "noscript": "<img class='lazy' src='/img/blank.gif'><noscript><img src='{0}'></noscript>",
    "amp": "<amp-img src='{0}' width='600' height='400'></amp-img>",
    "background": "<div class='photo' style=\"background-image: url('{0}')\"></div>",
    "data in JSON": '<img data-sources=\'{{"https://x.example/a": 1, "src": "{0}"}}\'>',
}


@pytest.mark.parametrize("form", LAZY)
def test_lazy_image_has_its_file(form: str) -> None:
    """An image that a script would load has the address of its file, whichever attribute keeps it."""
    assert [image.url for image in found(LAZY[form].format(PHOTO))] == [PHOTO]


@pytest.mark.parametrize(
    ("base", "source"), [("/ar/", "q.jpg"), ("https://cdn.example/x/", "q.jpg"), ("../", "a/q.jpg")]
)
def test_base_address_is_honoured(base: str, source: str) -> None:
    """Relative addresses are resolved against the page's base element."""
    wanted = {
        "/ar/": "https://www.coast-post.example/ar/q.jpg",
        "https://cdn.example/x/": "https://cdn.example/x/q.jpg",
    }
    given = found(f"<img src='{source}'>", f"<base href='{base}'>")
    assert [image.url for image in given] == [wanted.get(base, "https://www.coast-post.example/a/q.jpg")]


OTHERS = {
    "a related story": "<div><a href='/news/42'><img src='/x-20190101.jpg'></a><h4>"
    "<a href='/news/42'>Onions are dear</a></h4></div>",
    "a teaser's link": "<a href='/news/42'><img src='/x-20190101.jpg'></a>",
    "a portrait": "<img src='/x-20190101.jpg' alt='Salma Treki'>",
    "an avatar": "<div class='author-box'><img src='/x-20190101.jpg'></div>",
    "a logo": "<img src='/assets/logo.png'>",
    "an icon": "<img src='/x-20190101.jpg' width='24' height='24'>",
    "a share bar": "<ul class='share'><li><img src='/x-20190101.jpg'></li></ul>",
    "a nested story": "<article><figure><img src='/x-20190101.jpg'></figure><h4>Onions are dear</h4></article>",
    "a drawing": "<img src='/x-20190101.svg'>",
    "what is shown often": "<img src='/x-20190101.jpg'>" * 4,
    "a menu": "<nav><img src='/x-20190101.jpg'></nav>",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_images_stay_out(kind: str) -> None:
    """Images of other stories, of the outlet and of authors are none of the story's."""
    assert found(OTHERS[kind]) == ()


def test_images_outside_stay_out() -> None:
    """Images above the headline and below the last paragraph belong to the page."""
    assert found("", after="<div><img src='/x-20190101.jpg'></div>") == ()


CAPTIONS = {
    "figcaption": "<figure><img src='{0}'><figcaption>{1} (AFP)</figcaption></figure>",
    "a block beside the figure": "<div class='pic'><img src='{0}'></div><div class='fld-cap-x'>{1} (AFP)</div>",
    "a quotation beside the image": "<div><div><img src='{0}'></div></div>"
    "<blockquote class='image-field-caption'><p>{1} (AFP)</p></blockquote>",
    "a table as Blogger writes it": "<table><tbody><tr><td><a href='{0}'><img src='{0}'></a></td>"
    "</tr><tr><td>{1} (AFP)</td></tr></tbody></table>",
    "italics behind a break": "<p><img src='{0}'><br><em>{1} (AFP)</em></p>",
    "a paragraph of italics": "<p><img src='{0}'></p><p><em>{1} (AFP)</em></p>",
    "a span in the frame": "<div class='photo'><img src='{0}'><span>{1} (AFP)</span></div>",
    "text beside the image": "<div class='photo'><img src='{0}'> {1} (AFP)</div>",
    "a credit of its own": "<div class='ph'><span><img src='{0}'></span>"
    "<span class='phCaption'>{1}</span><span class='phCredits'>AFP</span></div>",
    "twice on the page": "<div class='p'><img src='{0}'><p class='caption'>{1} (AFP)</p></div>"
    "<div class='box'><p class='caption'>{1} (AFP)</p></div>",
    "a labelled credit": "<figure><img src='{0}'><figcaption>{1} Photo: AFP</figcaption></figure>",
    "an attribute": "<a href='{0}' data-caption='{1} (AFP)'><img src='{0}'></a>",
}
TEXTS = {
    "en": "Passengers wait at the pier",
    "fr": "Des passagers attendent sur le quai",
    "ar": "ركاب ينتظرون على الرصيف القديم",
    "tr": "Yolcular eski iskelede bekliyor",
    "fa": "مسافران در اسکله قدیمی منتظرند",
}


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("form", CAPTIONS)
def test_caption_with_its_credit(form: str, language: str) -> None:
    """A caption is found around or beside its image, in any markup, and parted from its credit."""
    given = found(CAPTIONS[form].format(PHOTO, TEXTS[language]))
    assert given == (Image(PHOTO, TEXTS[language], "AFP"),)


NO_CAPTIONS = {
    "a paragraph": "<div><img src='{0}'></div><p>The pier was built by fishermen.</p>",
    "a sub-heading": "<div><img src='{0}'></div><h3>What comes next</h3>",
    "a bold line": "<div><img src='{0}'></div><div><b>What comes next</b></div>",
    "the title as alternative": f"<img src='{{0}}' alt='{TITLE}'>",
    "a file name as alternative": "<img src='{0}' alt='IMG_2041.jpg'>",
    "a list of links": "<div><img src='{0}'></div><div><a href='/b'>Onions are dear again</a></div>",
    "a button in the frame": "<div class='p'><img src='{0}'><span>Full screen</span></div>",
    "the name of a section": "<div class='p'><img src='{0}'><span>Économie locale</span></div>",
    "a button under the image": "<div class='p'><img src='{0}'> عرض الصور</div>",
    "one text for many": "<img src='{0}' alt='Our photo of the day'>"
    "<img src='/b-20190417.jpg' alt='Our photo of the day'>",
}


@pytest.mark.parametrize("form", NO_CAPTIONS)
def test_other_texts_are_no_captions(form: str) -> None:
    """Prose, headings, links and titles beside an image are no captions of it."""
    assert {image.caption for image in found(NO_CAPTIONS[form].format(PHOTO))} == {None}


def test_description_stands_for_a_caption() -> None:
    """An image without a caption has the description that its page gives to those who do not see it."""
    assert found(f"<img src='{PHOTO}' alt='Passengers at the pier'>")[0].caption == "Passengers at the pier"


def test_shared_image_comes_first() -> None:
    """The image that stands for the page is the story's where the page does not show it."""
    head = f"<meta property='og:image' content='{PHOTO}'>"
    assert [image.url for image in found("", head)] == [PHOTO]
    assert [image.url for image in found(f"<img src='{PHOTO}?w=300'>", head)] == [f"{PHOTO}?w=300"]
    assert found("", "<meta property='og:image' content='/img/logo.png'>") == ()


def test_caption_without_address_is_kept() -> None:
    """A figure whose image only a script can load keeps its caption, and takes the image of the page."""
    figure = "<figure><img class='js'><figcaption>Passengers wait at the pier.</figcaption></figure>"
    assert found(figure) == (Image("", "Passengers wait at the pier."),)
    head = f"<meta property='og:image' content='{PHOTO}'>"
    assert found("", head, before=figure) == (Image(PHOTO, "Passengers wait at the pier."),)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Boats at Sirte (AFP)", ("Boats at Sirte", "AFP")),
        ("Boats at Sirte [عکس: آرشیو]", ("Boats at Sirte", "آرشیو")),
        ("Boats at Sirte (left)", ("Boats at Sirte (left)", None)),
        ("Boats at Sirte (2019)", ("Boats at Sirte (2019)", None)),
        ("Boats at Sirte. Photo: Hala Mansour", ("Boats at Sirte.", "Hala Mansour")),
        ("قوارب في سرت (أ ف ب)", ("قوارب في سرت", "أ ف ب")),
        ("Sirte'de tekneler (Fotoğraf: Ömer Kaya)", ("Sirte'de tekneler", "Ömer Kaya")),
        ("© Hala Mansour", (None, "Hala Mansour")),
        ("Hala Mansour / AFP", (None, "Hala Mansour / AFP")),
        ("Photographs of the old pier hang in the hall", ("Photographs of the old pier hang in the hall", None)),
    ],
)
def test_credit_is_parted(text: str, parts: tuple[str | None, str | None]) -> None:
    """A credit at a caption's end is parted from it, without its label; a remark in brackets is none."""
    assert captions.split(text) == parts


def test_sizes_are_one_image() -> None:
    """Addresses of one file in several sizes or behind a resizer have one identity."""
    sizes = ["/a/harbour-2019-300x200.jpg", "/b/harbour-2019.jpg?w=5", "/_next/image?url=%2Fc%2Fharbour-2019.jpg&w=64"]
    assert len({identity(f"https://x.example{size}") for size in sizes}) == 1
    assert identity("https://x.example/a/1.jpg") != identity("https://x.example/b/1.jpg")
    assert kin("https://x.example/65453399_6.jpg") == kin("https://x.example/65453399_303.jpg")


CARDS = (
    "<a href='/b/2'><figure><img src='/b.jpg'><figcaption>Prices of bread go up again</figcaption></figure></a>",
    "<a href='/b/2'><div><figure><img src='/b.jpg'><figcaption>ارتفاع أسعار الخبز</figcaption></figure></div></a>",
    "<div><a href='/b/2'><figure><img src='/b.jpg'><figcaption>Ekmeğe zam</figcaption></figure></a></div>",
)


@pytest.mark.parametrize("card", CARDS)
def test_linked_card_is_foreign(card: str) -> None:
    """Card with its title in a link is another storys."""
    assert found(card) == ()


def test_linked_photograph_keeps_its_caption() -> None:
    """A link from the photograph alone, to a gallery for example, says nothing against it."""
    figure = f"<figure><a href='/gallery/9'><img src='{PHOTO}'></a><figcaption>The ferry leaves.</figcaption></figure>"
    assert found(figure) == (Image(PHOTO, "The ferry leaves."),)


@pytest.mark.parametrize(
    "line",
    [
        "By Salma Treki",
        "Par Salma Treki",
        "بقلم سلمى التريكي",
        "April 16, 2019 at 9:40 am",
        "Economy 16 Nisan 2019",
        "16 أبريل 2019",
    ],
)
@pytest.mark.parametrize("form", ["<small>{}</small>", "<div class='caption'>{}</div>"])
def test_byline_is_no_caption(line: str, form: str) -> None:
    """A byline or a date beside a photograph is no caption of it."""
    assert found(f"<div><img src='{PHOTO}'>{form.format(line)}</div>") == (Image(PHOTO),)


@pytest.mark.parametrize(
    "line", ["By the pier, passengers wait on 16 April 2019.", "Par temps de pluie, le bac reste à quai."]
)
def test_caption_with_date(line: str) -> None:
    """Caption with a preposition or a date."""
    assert found(f"<div><img src='{PHOTO}'><small>{line}</small></div>") == (Image(PHOTO, line),)


@pytest.mark.parametrize("name", ["Salma Treki", "By Salma Treki, Editor"])
def test_portrait_is_the_authors(name: str) -> None:
    """Portrait in a figure is the authors."""
    figure = f"<figure><img src='/p/st.jpg' alt='Salma Treki'><figcaption>{name}</figcaption></figure>"
    assert found(figure) == ()


@pytest.mark.parametrize(
    "caption", ["The ferry off the pier on Tuesday", "Le bac devant la jetée, mardi", "العبارة قرب الرصيف القديم"]
)
@pytest.mark.parametrize(
    "form",
    [
        "<p align=center><img src='{0}'></p><p align=center>{1}</p>",
        "<p><img src='{0}'></p><p style='font-style: italic'>{1}</p>",
        "<dl class=item><dt class='gallery-icon portrait'><a href='{0}'><img src='{0}'></a></dt><dd>{1}</dd></dl>",
        "<div><img src='{0}' aria-describedby=c1><ul><li>Print</li></ul></div><div id=c1 class=x>{1}</div>",
    ],
)
def test_caption_by_typography_and_reference(form: str, caption: str) -> None:
    """Centred lines, italics by style, parts of a gallery's list and texts named by the image are captions."""
    assert [image.caption for image in found(form.format(PHOTO, caption))] == [caption]


@pytest.mark.parametrize(
    "line",
    [
        "Click to enlarge the picture",
        "Reading time: 4 minutes",
        "12 comments on this story",
        "1/12",
        "Écouter cet article",
        "Temps de lecture : 4 minutes",
        "استمع إلى المقال",
        "تابعنا على تلغرام",
        "Okuma süresi: 4 dakika",
    ],
)
@pytest.mark.parametrize(
    "form", ["<figure><img src='{0}'><span>{1}</span></figure>", "<div><img src='{0}'></div><div class=x>{1}</div>"]
)
def test_control_is_no_caption(form: str, line: str) -> None:
    assert [image.caption for image in found(form.format(PHOTO, line))] == [None]


@pytest.mark.parametrize("name", ["lead", "article-chapo", "haber-spot", "excerpt"])
def test_standfirst_is_no_caption(name: str) -> None:
    """A summary below the photograph is none of it."""
    summary = f"<div class='{name}'>The old ferry is back at the pier after a winter in the yard.</div>"
    assert [image.caption for image in found(f"<div><img src='{PHOTO}'></div>{summary}")] == [None]
