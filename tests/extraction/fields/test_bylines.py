"""Who signs a story, where it was filed, which agencies it is from and what it is filed under, in five languages."""

from datetime import UTC, datetime

import pytest

from dateline.article import Article
from dateline.extraction import extract
from dateline.extraction.fields.credits import agencies, authors, dateline_agencies
from dateline.extraction.parse.document import Document
from dateline.page import Page

ENGLISH = "The harbour board opened the rebuilt quay of the town on Tuesday, two winters after the storm that broke it."
ARABIC = "افتتحت هيئة الميناء الرصيف الشرقي بعد إعادة بنائه صباح الثلاثاء بعد شتاءين من العاصفة التي هدمته كله."
MORE = (
    "Engineer Maysa Torfan told reporters that the new piles go twenty metres into the sea bed, and took a year.",
    "Fishermen of the old basin said they had been promised cold rooms, and that nobody had shown them a drawing yet.",
    "Traffic on the corniche will be closed each night until the end of the month, the port's director said in a note.",
)
MORE_ARABIC = (
    "وقالت المهندسة ميساء طرفان للصحفيين إن الركائز الجديدة تنزل عشرين مترا في قاع البحر وإن العمل استغرق سنة كاملة.",
    "وذكر صيادو الحوض القديم أنهم وعدوا بغرف تبريد في العقد نفسه، وأن أحدا لم يعرض عليهم أي رسم هندسي حتى الآن.",
    "وستغلق حركة المرور على الكورنيش كل ليلة حتى نهاية الشهر لتركيب ما بقي من المصابيح، بحسب مدير الميناء.",
)


def article(byline: str = "", head: str = "", *, first: str = "", after: str = "", arabic: bool = False) -> Article:
    """A story with a byline below its headline, something before its first sentence, and something after its last."""
    title, opening, rest = (
        ("ميناء سلوان يفتتح رصيفه الشرقي", ARABIC, MORE_ARABIC)
        if arabic
        else ("Port Selwan opens its rebuilt quay", ENGLISH, MORE)
    )
    paragraphs = "".join(f"<p>{text}</p>" for text in (first + opening, *rest))
    site = '<meta property="og:site_name" content="Selwan Courier">'
    body = f"<article><h1>{title}</h1>{byline}{paragraphs}{after}</article>"
    markup = f"<html><head>{site}{head}</head><body>{body}</body></html>"
    page = Page(
        url="https://www.selwan-courier.example/news/2041",
        body=markup.encode(),
        content_type="text/html; charset=utf-8",
        captured_at=datetime(2019, 5, 2, tzinfo=UTC),
    )
    found = extract(page).article
    assert found is not None
    return found


SIGNED = {
    '<div class="postedby">Tagged as</div><p class="author">Christa Dedwin</p>': ("Christa Dedwin",),
    '<div class="postedby">Classé dans</div><p class="author">Salma Treki</p>': ("Salma Treki",),
    '<div class="posted-by">Filed under</div><p class="author">Kerem Mersafcı</p>': ("Kerem Mersafcı",),
    '<span class="auteur">Par Maïssa Torfane avec AFP</span>': ("Maïssa Torfane",),
    '<span class="author">Leila Bousaidi with Reuters</span>': ("Leila Bousaidi",),
    '<p class="byline">Kerem Mersafcı / AA</p>': ("Kerem Mersafcı",),
    '<p class="author">بقلم: ناديا بلكور <a href="mailto:n@s.example">راسل الكاتب</a></p>': ("ناديا بلكور",),
    '<p class="author">Christa Dedwin | <a href="mailto:c@s.example">Email the author</a> | c@s.example</p>': (
        "Christa Dedwin",
    ),
    '<div class="author vcard"><span class="fn">By Christa Dedwin</span></div>': ("Christa Dedwin",),
    '<span class="author">طرابلس - محمد سالم</span>': ("محمد سالم",),
    '<span class="writer">سلمى الغليفي - تعز</span>': ("سلمى الغليفي",),
    '<span class="writer">كتب أحمد علي - لندن</span>': ("أحمد علي",),
    '<span class="author">Salma Treki, Nairobi</span>': ("Salma Treki",),
    '<span class="author">وليد التلاوي ووليد الحلواسي</span>': ("وليد التلاوي", "وليد الحلواسي"),
    '<span class="author">محمد سالم وأحمد علي</span>': ("محمد سالم", "أحمد علي"),
    '<span class="author">سامي وليد حسن علي</span>': ("سامي وليد حسن علي",),
    '<p class="byline">Propos recueillis par Aïssa Moussa</p>': ("Aïssa Moussa",),
    '<p class="byline">Recueilli par Aïssa Moussa</p>': ("Aïssa Moussa",),
    '<p class="author">Erstellt von Andri Bryner</p>': ("Andri Bryner",),
    '<p class="author">Andri Bryner | Publiziert am 3. Mai</p>': ("Andri Bryner",),
    '<p class="byline">ByAngela Carpenter</p>': ("Angela Carpenter",),
    '<p class="author">نویسنده: پیمان زبیدفر</p>': ("پیمان زبیدفر",),
}


@pytest.mark.parametrize("byline", SIGNED)
def test_byline_names_persons_alone(byline: str) -> None:
    """Agencies, towns, dates and links to mail in a byline are none of its names; joined names are parted."""
    assert article(byline).authors == SIGNED[byline]


def test_default_account_signs_nothing() -> None:
    """A system's default account gives way to the byline that the page shows."""
    head = '<meta name="author" content="Super User">'
    assert article('<span class="itemAuthor">By <a rel="author" href="#">Hala Mansour</a></span>', head).authors == (
        "Hala Mansour",
    )


@pytest.mark.parametrize("word", ["et", "and", "ve", "و", "und", "&amp;"])
def test_second_author_is_read(word: str) -> None:
    """A byline that joins another person to the author of the page's data gives both."""
    head = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"Port Selwan opens its rebuilt quay",'
    head += '"author":{"@type":"Person","name":"Elsa Kelwin"}}</script>'
    both = article(f'<address class="sign"><span>Elsa Kelwin {word} Omar Naas</span></address>', head)
    assert both.authors == ("Elsa Kelwin", "Omar Naas")


OPENINGS = {
    "Londres - ": ("Londres", ()),
    "Thiès – ": ("Thiès", ()),
    "Sousse : ": ("Sousse", ()),
    "SAMSUN-": ("SAMSUN", ()),
    "Le Caire (AFP) – ": ("Le Caire", ("AFP",)),
    "Ankara/AA - ": ("Ankara", ("Anadolu",)),
    "Alger, APS - ": ("Alger", ("APS",)),
    "Dakar, le 3 mai 2019 (APS) - ": ("Dakar", ("APS",)),
    "RABAT/PARIS (Reuters) - ": ("RABAT/PARIS", ("Reuters",)),
    "NEW YORK (AP) -- ": ("NEW YORK", ("AP",)),
}
ARABIC_OPENINGS = {
    "تونس: ": ("تونس", ()),
    "تونس/ ": ("تونس", ()),
    "دمشق، سوريا (CNN) -- ": ("دمشق، سوريا", ()),
    "حلب - رويترز: ": ("حلب", ("Reuters",)),
    "تبریز - ایسنا - ": ("تبریز", ("ISNA",)),
    "صفاقس (وال) – ": ("صفاقس", ("LANA",)),
    "رام الله 12 نيسان (وفا)- ": ("رام الله", ("WAFA",)),
    "القدس المحتلة - ": ("القدس المحتلة", ()),
    "نواكشوط – وكالات: ": ("نواكشوط", ()),
    "بيروت ـ ": ("بيروت", ()),
}


@pytest.mark.parametrize("opening", OPENINGS | ARABIC_OPENINGS)
def test_opening_is_a_dateline(opening: str) -> None:
    """A place before the first sentence is the dateline, whatever mark ends it; an agency there is the story's."""
    text, named = (OPENINGS | ARABIC_OPENINGS)[opening]
    found = article(first=opening, arabic=opening in ARABIC_OPENINGS)
    assert found.dateline is not None
    assert (found.dateline.text, found.agencies) == (text, named)
    assert found.text.startswith(ARABIC if opening in ARABIC_OPENINGS else ENGLISH)
    assert found.provenance["dateline"] == "opening of the text"


@pytest.mark.parametrize(
    "line",
    [
        "Paris: a city of light, and of ministers who speak to the press in its gardens.",
        "Jordan - who has scored twice this season - left the field early on Monday.",
        "France - Algeria talks resume on Monday after two years of silence, he said.",
        "Libya: the parliament met on Monday in a closed session to vote on the budget.",
        "OPEC+ - the group of producers - met on Monday in a closed session in Vienna.",
        "المدينة نيوز :- بلغت حصيلة السنة الماضية خمسين سفينة، بحسب أرقام الميناء.",
        "خبرگزاری آریا - رییس سازمان بنادر اعلام کرد که اسکله تازه باز شده است.",
    ],
)
def test_sentence_is_no_dateline(line: str) -> None:
    """A sentence that begins with a name and a dash or colon stays whole."""
    assert dateline_agencies.without_dateline([line]) == (None, "", [line])


@pytest.mark.parametrize(
    ("byline", "place"),
    [
        ('<span class="writer">سلمى الغليفي - تعز</span>', "تعز"),
        ('<span class="author">(أبوظبي - البيان)</span>', "أبوظبي"),
        ('<span class="author">Salma Treki, Nairobi</span>', "Nairobi"),
        ('<span class="author">Ömer Kaya (İzmir)</span>', "İzmir"),
    ],
)
def test_byline_has_the_dateline(byline: str, place: str) -> None:
    """A town beside the author's name is the dateline of a story whose text has none."""
    found = article(byline)
    assert found.dateline is not None
    assert (found.dateline.text, found.provenance["dateline"]) == (place, "byline")


SOURCES = {
    "<div>Source: TAP</div>": ("TAP",),
    "<p><b>Kaynak : AA</b></p>": ("Anadolu",),
    "<div class='src'><span>المصدر:</span> <strong>رويترز</strong></div>": ("Reuters",),
    "<p>منبع: ایرنا</p>": ("IRNA",),
    "<p>Quelle: dpa</p>": ("dpa",),
    "<p>avec AFP</p>": ("AFP",),
    "<p>(AFP)</p>": ("AFP",),
}


@pytest.mark.parametrize("line", SOURCES)
def test_agency_below_the_text(line: str) -> None:
    """A line below the story says which agency it is from."""
    assert article(after=line).agencies == SOURCES[line]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("سليما حتى الآن.--(بترا)", "بترا"),
        ("said the director. (Reuters)", "Reuters"),
        ("a dit le directeur. — (APS)", "APS"),
        ("said the director. (right)", None),
        ("الميناء القديم (شرق المدينة)", None),
    ],
)
def test_sign_off_names_an_agency(line: str, name: str | None) -> None:
    """A name in brackets at the end is an agency's if it is a known one or stands behind a dash."""
    assert agencies.sign_off(line) == name


def test_outlet_is_no_agency() -> None:
    """An agency whose own site has the story is not named as one that the story is from."""
    head = '<meta property="og:site_name" content="Sputnik Selwan"><meta name="author" content="Sputnik">'
    assert article(head=head).agencies == ()


def test_credit_is_no_source() -> None:
    """The agency of a photograph is not the story's."""
    figure = "<figure><img src='/a-20190416.jpg'><figcaption>The quay. Source: Reuters</figcaption></figure>"
    assert article(after=figure).agencies == ()


LISTS = {
    '<div class="post-tags"><span>Tags:</span> <a href="#">harbour</a> <a href="#">storm</a></div>': (
        "harbour",
        "storm",
    ),
    '<div class="etiketler"><span>Etiketler:</span> <a href="#">#liman</a> <a href="#">#fırtına</a></div>': (
        "liman",
        "fırtına",
    ),
    '<ul><li><span>كلمات مفتاحية</span></li><li><a href="#">الميناء</a></li><li><a href="#">البحر</a></li></ul>': (
        "الميناء",
        "البحر",
    ),
    '<div class="field-name-field-tags"><div>Mots-clés</div><div><a href="#">port</a></div></div>': ("port",),
    '<div class="tagcloud tags"><a href="#">sport</a><a href="#">films</a></div>': (),
}


@pytest.mark.parametrize("markup", LISTS)
def test_tags_are_read_from_lists(markup: str) -> None:
    """A list of links that is named or labelled as one of tags gives them; a cloud of the site's does not."""
    assert article(after=markup).tags == LISTS[markup]


@pytest.mark.parametrize(
    "keywords",
    [
        "Port,Selwan,opens,its,rebuilt,quay",
        "Selwan Courier,news,sport,culture,films",
        "homepage_slot_2",
        "8f507083-bac4-423a-9015-2eb31e1bce50,Category: World",
    ],
)
def test_site_keywords_no_tags(keywords: str) -> None:
    """The title cut into words, the site's own keywords and a system's slots are no tags."""
    assert article(head=f'<meta name="keywords" content="{keywords}">').tags == ()


def test_given_fields_have_provenance() -> None:
    """Each field that is given says where it is from, images, agencies and places included."""
    picture = "<figure><img src='/a-20190416.jpg'><figcaption>The quay (AFP)</figcaption></figure>"
    last = "<p>Boats left Sfax for Malta in the morning, said the director of the port, and came back at night.</p>"
    found = article(picture, first="TUNIS (TAP) - ", after=last)
    assert {"images", "agencies", "dateline", "places", "about"} <= found.provenance.keys()
    assert found.provenance["images"] == "img in the story + figcaption"
    assert found.provenance["agencies"] == "opening of the text"


@pytest.mark.parametrize("name", ["Salma Treki", "Sélima Ferjani", "سلمى التريكي"])
def test_author_of_web_page(name: str) -> None:
    """Where no article is stated, the author of the WebPage signs, also by reference."""
    data = (
        '<script type="application/ld+json">{"@graph":[{"@type":"WebPage","author":{"@id":"#a"}},'
        f'{{"@type":"Person","@id":"#a","name":"{name}"}}]}}</script>'
    )
    html = f"<html><head><title>The pump runs</title>{data}</head><body><h1>The pump runs</h1></body></html>"
    page = Page(url="https://x.example/pump", body=html.encode(), content_type="text/html; charset=utf-8")
    found = authors.find(Document.of(page))
    assert found is not None
    assert found.value == (name,)


BESIDE = {
    "above the headline": '<div class="meta"><span>Published 3 May</span> <span>by Salma Treki</span></div>',
    "en français": '<div class="m"><p>Par <a href="/equipe/salma-treki">Salma Treki</a></p></div>',
    "with a date in the frame": '<p><span> By <a href="/p/st">Salma Treki</a> </span><span>2 May 2019</span></p>',
    "with an office beside": '<div><p class="b">By Salma Treki</p><p>Co-founder and Chief Engineer</p></div>',
    "as a label": "<div><h3>Author</h3><p>Salma Treki</p></div>",
    "comme étiquette": "<dl><dt>Auteur :</dt><dd>Salma Treki</dd></dl>",
    "etiket": "<div><b>Yazar:</b> <span>Salma Treki</span></div>",
}


@pytest.mark.parametrize("markup", BESIDE.values(), ids=list(BESIDE))
@pytest.mark.parametrize("place", ["above", "below"])
def test_name_after_byline_word(markup: str, place: str) -> None:
    """A word such as "by" names the writer above the headline and below it, without what stands beside the name."""
    headline = "<h1>Port Selwan opens its rebuilt quay</h1>"
    parts = f"{markup}{headline}" if place == "above" else f"{headline}{markup}"
    text = "".join(f"<p>{line}</p>" for line in (ENGLISH, *MORE))
    html = f"<html><head><title>Port Selwan opens its rebuilt quay</title></head><body>{parts}{text}</body></html>"
    page = Page(url="https://selwan.example/news/2041", body=html.encode(), content_type="text/html; charset=utf-8")
    found = extract(page).article
    assert found is not None
    assert found.authors == ("Salma Treki",)


@pytest.mark.parametrize("line", ["Posted by {}", "Publié par {}", "بقلم {}"])
def test_foot_of_the_article_signs(line: str) -> None:
    """The article's own foot signs; the page's does not."""
    name = "سلمى التريكي" if "بقلم" in line else "Salma Treki"
    foot = f"<footer><p>{line.format(name)}</p></footer>"
    assert article(after=foot, arabic="بقلم" in line).authors == (name,)


FILED_ABOVE = [
    ("TUNIS (TAP) - ", "TUNIS", ("TAP",), False),
    ("TRABLUS/AA ", "TRABLUS", ("Anadolu",), False),
    ("طرابلس (أ ف ب) - ", "طرابلس", ("AFP",), True),
]


@pytest.mark.parametrize("tag", ['p class="standfirst"', 'div class="chapo"', 'h2 class="summary"'])
@pytest.mark.parametrize(("opening", "place", "agency", "arabic"), FILED_ABOVE)
def test_dateline_opens_standfirst(opening: str, place: str, agency: tuple[str, ...], arabic: bool, tag: str) -> None:
    """A dateline at the head of the standfirst is the story's, and no part of the standfirst."""
    summary = (MORE_ARABIC if arabic else MORE)[1].replace("basin", "harbour").replace("القديم", "الجديد")
    found = article(f"<{tag}>{opening}{summary}</{tag.split(maxsplit=1)[0]}>", arabic=arabic)
    assert found.dateline is not None
    assert (found.dateline.text, found.agencies, found.standfirst) == (place, agency, summary)
    assert found.provenance["dateline"] == "opening of the standfirst"


CORRESPONDENTS = [
    ("De notre envoyé spécial à Tripoli, Marc Duval", "Marc Duval", "Tripoli", False),
    ("From our correspondent in Sfax: Ann Shaw", "Ann Shaw", "Sfax", False),
    ("من مراسلنا في طرابلس، سالم الورفلي", "سالم الورفلي", "طرابلس", True),
]


@pytest.mark.parametrize("markup", ["<p>{}</p>", '<div class="byline">{}</div>', "<p><strong>{}</strong></p>"])
@pytest.mark.parametrize(("line", "name", "place", "arabic"), CORRESPONDENTS)
def test_correspondent_names_place(line: str, name: str, place: str, arabic: bool, markup: str) -> None:
    """A correspondent's line gives the author and the dateline, and stays out of the text."""
    found = article(markup.format(line), arabic=arabic)
    assert found.dateline is not None
    assert (found.authors, found.dateline.text) == ((name,), place)
    assert line not in found.text


@pytest.mark.parametrize(
    ("line", "name", "arabic"),
    [
        ("إعداد وتحرير: سالم الورفلي", "سالم الورفلي", True),
        ("كتابة: سالم الورفلي - تصوير: منى بن عمر", "سالم الورفلي", True),
        ("Texte et photos : Marc Duval", "Marc Duval", False),
        ("Haber ve fotoğraf: Deniz Kaya", "Deniz Kaya", False),
    ],
)
def test_tasks_sign_at_either_end(line: str, name: str, arabic: bool) -> None:
    """Tasks before a name sign a story below its headline, or in its last line, outside the text."""
    for found in (article(f"<div>{line}</div>", arabic=arabic), article(after=f"<p>{line}</p>", arabic=arabic)):
        assert found.authors == (name,)
        assert line not in found.text


@pytest.mark.parametrize(
    ("line", "named", "arabic"),
    [
        ("المصدر: الساحل + أ ف ب", ("AFP",), True),
        ("Source : Le Port + Reuters + AFP", ("Reuters", "AFP"), False),
        ("Kaynak: Kıyı Postası + AA", ("Anadolu",), False),
    ],
)
def test_sources_joined_by_plus(line: str, named: tuple[str, ...], arabic: bool) -> None:
    """Sources joined by a plus sign are parted, and the agencies among them are named."""
    assert article(after=f"<p>{line}</p>", arabic=arabic).agencies == named
