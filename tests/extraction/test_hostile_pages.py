"""Pages that are broken, hostile or no articles: each has exactly one outcome, and none raises."""

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dateline.article import Outcome
from dateline.extraction import extract
from dateline.extraction.body import boilerplate
from dateline.extraction.fields.dates.date_parsing import read
from dateline.extraction.parse import html, jsonld
from dateline.page import Page

STORY = "<html><head><title>The well is mended</title></head><body><h1>The well is mended</h1>{}</body></html>"
PROSE = "<p>The pump at the old well was mended on Tuesday, and the queue in the lower town was gone by noon.</p>" * 3
GOOD = STORY.format(PROSE)

REFUSED = {
    "nothing": (b"", "not_article", "empty"),
    "spaces": (b" \n\t ", "not_article", "empty"),
    "NULs": (b"\0" * 1000, "not_article", "empty"),
    "no markup": (b"just words", "not_article", "no markup"),
    "a comment": (b"<!-- " + b"x" * 99 + b" -->", "not_article", "no elements"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_article", "binary"),
    "a PDF": (b"%PDF-1.7\n<<>>", "not_article", "binary"),
    "an archive": (b"PK\x03\x04<html>", "not_article", "binary"),
    "too large": (b"<p>" + b"x" * html.MAX_BYTES, "quarantined", "more than"),
    "an error page": (b"<title>404 Not Found</title><h1>404 Not Found</h1><p>Sorry.</p>", "not_article", "error page"),
    "an error page in Arabic": ("<h1>الصفحة غير موجودة</h1><p>عذرا</p>".encode(), "not_article", "error page"),
    "a consent wall": (
        b"<h1>The Coast Post</h1><p>We value your privacy. We use cookies to show you our pages. Accept "
        b"all cookies to go on, "
        b"or manage your choices in the settings of this site at any time you like, for all of our partners.</p>",
        "not_article",
        "consent",
    ),
    "a section front": (
        b"<h1>Libya</h1>"
        + b"<article><h2>A headline of some story</h2><p>A teaser of the story in a line.</p></article>" * 9,
        "not_article",
        "section front",
    ),
    "a headline alone": (b"<h1>A ferry returns</h1>", "not_article", "no story text"),
}


def page(body: bytes, content_type: str = "text/html") -> Page:
    return Page(url="https://x.example/news/the-well", body=body, content_type=content_type)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason(name: str) -> None:
    body, outcome, reason = REFUSED[name]
    extraction = extract(page(body))
    assert extraction.outcome == outcome
    assert reason in (extraction.reason or "")
    assert extraction.article is None


def test_home_page_no_article() -> None:
    """The home page is no article."""
    assert extract(Page(url="https://x.example/", body=GOOD.encode())).reason == "the home page of a site"


def test_addressless_page_is_quarantined() -> None:
    """A page without a web address is put aside."""
    assert extract(Page(url="file:///etc/passwd", body=GOOD.encode())).outcome is Outcome.QUARANTINED


BROKEN = {
    "cut off": GOOD.encode()[:-90],
    "NULs in it": GOOD.replace("the", "t\0he").encode(),
    "controls": GOOD.replace("the", "t\x01\x08he").encode(),
    "character references to nothing": GOOD.replace("the", "the&#0;&#1;&#xD800;&#x110000;").encode(),
    "form feeds and references without end": GOOD.replace("noon", "noon\f&#1 &#x1F").encode(),
    "a title of the whole page": GOOD.replace("</title>", " - and so on" * 20_000 + "</title>").encode(),
    "an image at no address": GOOD.replace("</h1>", '</h1><figure><img src="http://[x"></figure>').encode(),
    "deep nesting": STORY.format(PROSE + "<div>" * 50_000).encode(),
    "a huge attribute": STORY.format(PROSE + f'<p title="{"x" * 11_000_000}">x</p>').encode(),
    "many attributes": STORY.format(f"<p {' '.join(f'a{i}=1' for i in range(20_000))}>x</p>" + PROSE).encode(),
    "scripts within its lines": GOOD.replace("well ", "<script>x()</script>well ").encode(),
    "unclosed everything": GOOD.replace("</p>", "").replace("</h1>", "").encode(),
    "broken JSON-LD": GOOD.replace(
        "</head>", '<script type="application/ld+json">{"@type": [</script></head>'
    ).encode(),
    "JSON-LD without end": GOOD.replace(
        "</head>", f'<script type="application/ld+json">{"[" * 100_000}</script></head>'
    ).encode(),
    "JSON-LD of odd types": GOOD.replace(
        "</head>",
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":{"a":1},"author":[null,3,{"name":[]}],'
        '"image":[1,{"url":{}}],"datePublished":7,"keywords":{"x":[]},"mainEntityOfPage":[],"publisher":[[]]}</script></head>',
    ).encode(),
    "a bad canonical": GOOD.replace("</head>", '<link rel="canonical" href="http://[::1"></head>').encode(),
    "a foreign canonical": GOOD.replace(
        "</head>", '<link rel="canonical" href="https://evil.example/x"></head>'
    ).encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "invalid UTF-8": GOOD.encode().replace(b"noon", b"n\xffo\xfen"),
    "an XML declaration": b'<?xml version="1.0" encoding="utf-16"?>' + GOOD.encode(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_page_has_story(name: str) -> None:
    """The story of a broken page."""
    extraction = extract(page(BROKEN[name]))
    assert extraction.outcome is Outcome.ARCHIVED, extraction.reason
    assert extraction.article is not None
    assert extraction.article.title == "The well is mended"
    assert extraction.article.text.startswith("The pump at")
    assert extraction.article.url.startswith("https://x.example/")
    json.loads(extraction.article.to_json().encode())


ARABIC = "<h1>عادت المياه</h1><p>عادت المياه إلى البلدة السفلى يوم الثلاثاء بعد أن أصلح العمال مضخة البئر القديمة.</p>"
TURKISH = (
    "<h1>Şehirde su</h1><p>Eski kuyunun pompası salı günü onarıldı, aşağı mahallede kuyruk öğlene doğru bitti.</p>"
)
CHARSETS = [
    (ARABIC, "utf-8", "text/html", ""),
    (ARABIC, "windows-1256", "text/html; charset=windows-1256", ""),
    (ARABIC, "windows-1256", "text/html", "windows-1256"),
    (ARABIC, "windows-1256", "text/html; charset=iso-8859-1", "iso-8859-1"),
    (ARABIC, "windows-1256", "text/html", "utf-8"),
    (ARABIC, "windows-1256", "text/html", ""),
    (ARABIC, "utf-8", "text/html; charset=iso-8859-1", "windows-1256"),
    (ARABIC, "utf-16", "text/html", ""),
    (TURKISH, "windows-1254", "text/html", "iso-8859-9"),
    (TURKISH, "utf-8", "text/html; charset=utf-8", "windows-1254"),
]


@pytest.mark.parametrize(("markup", "charset", "header", "declared"), CHARSETS)
def test_the_charset(markup: str, charset: str, header: str, declared: str) -> None:
    head = f'<meta charset="{declared}">' if declared else ""
    assert html.decode(f"<html><head>{head}</head><body>{markup}".encode(charset), header).endswith(markup)


@pytest.mark.parametrize("reading", ["cp1252", "latin-1"])
@pytest.mark.parametrize("markup", [ARABIC, TURKISH, "<h1>L’eau revient à Gabès</h1><p>« C’est fini. »</p>"])
def test_page_encoded_twice(markup: str, reading: str) -> None:
    """UTF-8 read as a charset of Latin letters and encoded again is read; a page with one such word stays."""
    misread = "".join(chr(byte) for byte in markup.encode())
    if reading == "cp1252":
        misread = "".join(bytes([ord(one)]).decode("cp1252", "ignore") or one for one in misread)
    assert html.decode(misread.encode()) == markup
    once = f"{markup} «Ã©» в é"
    assert html.decode(once.encode()) == once


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["text/html", "text/html; charset=utf-16", "text/html; charset=nonsense", ""]),
)
def test_any_bytes_have_one_outcome(body: bytes, content_type: str) -> None:
    extraction = extract(page(body, content_type))
    assert (extraction.outcome is Outcome.ARCHIVED) == (extraction.article is not None) == (extraction.reason is None)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_damaged_page_has_outcome(chance: random.Random) -> None:
    """Any damage to a page has one outcome."""
    body = bytearray(GOOD.encode())
    for _ in range(30):
        body[chance.randrange(len(body))] = chance.choice(b"<>\"'&;\0\xff=/ ")
    assert extract(page(bytes(body))).outcome in set(Outcome)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_any_text_as_input(text: str) -> None:
    """Any text can be asked for a date or for json."""
    moment = read(text)
    assert moment is None or moment.iso()
    assert isinstance(jsonld.loads(text), list)


@pytest.mark.parametrize(
    "piece", ["sign up ", "( ", "- ", "x |", "facebook ", "Ab ", "read: ", "…", "by signing up ", "A-"]
)
def test_patterns_have_no_trap(piece: str) -> None:
    """No line is a trap for the patterns."""
    line = (piece * 500)[:419] + "!"
    start = time.process_time()
    boilerplate.is_ending(line)
    assert time.process_time() - start < 1


FLOODS = [
    "<br>",
    "<span>a</span> ",
    "<li><a href='/a'>one</a></li>",
    "<tr><td>1</td></tr>",
    "<q>x</q> ",
    "<h1>Well</h1>",
]


@pytest.mark.parametrize("piece", FLOODS)
def test_flood_is_cut(piece: str) -> None:
    """A flood of elements is cut, and the story in front of it is read."""
    body = STORY.format(f"{PROSE}<div>{piece * (html.MAX_ELEMENTS + 10)}</div>").encode()
    tree = html.parse(body)
    assert sum(1 for _ in tree.iter()) == html.MAX_ELEMENTS
    assert tree.findtext(".//p")


def test_large_page_stays_whole() -> None:
    """A page below the bound keeps its last element."""
    body = STORY.format(f"{PROSE}<div>{'<i>x</i>' * 10_000}</div><b>end</b>").encode()
    assert html.parse(body).findtext(".//b") == "end"
