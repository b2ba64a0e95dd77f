"""Headlines in markup without a heading, and headings that are none."""

import pytest

from dateline.extraction.fields import headline
from dateline.extraction.parse.document import Document
from dateline.page import Page

PROSE = f"<p>{'The pump ran again at noon and the queue at the old well was gone by two, he said. ' * 3}</p>"


def title(head: str, body: str, url: str = "https://www.coast-post.example/News.aspx?id=7") -> str:
    html = f"<html><head>{head}</head><body>{body}{PROSE}</body></html>"
    found = headline.find(Document.of(Page(url=url, body=html.encode(), content_type="text/html; charset=utf-8")))
    assert found is not None
    return found.value


@pytest.mark.parametrize(
    ("outlet", "line"),
    [
        ("بريد الساحل", "عودة العبارة إلى زليتن بعد عام"),
        ("Kıyı Postası", "Feribot bir yıl sonra Mersin'e döndü"),
        ("پست ساحل", "کشتی پس از یک سال به بوشهر بازگشت"),
        ("Courrier du Port", "Le bac de Gabès reprend du service"),
    ],
)
@pytest.mark.parametrize("head", ["{outlet}", "{outlet} - {line}", "{line} | {outlet}"])
def test_cell_is_the_headline(outlet: str, line: str, head: str) -> None:
    """Where a layout table shows the headline in a cell, the outlet's name in the title element is not the title."""
    menu = f'<a href="Default.aspx"><img src="l.gif" alt="{outlet}"></a><ul><li><a href="/a">{line} 2</a></li></ul>'
    cell = f'<table><tr><td class="NewsTitle"><span id="ctl00_lblTitle">{line}</span></td></tr></table>'
    assert title(f"<title>{head.format(outlet=outlet, line=line)}</title>", menu + cell) == line


@pytest.mark.parametrize(
    ("other", "heading"),
    [
        ("Ferry tickets 2019", "Ferry tickets are sold again in Zliten"),
        ("Puits de Tabelot", "Le puits de Tabelot a retrouvé son eau"),
        ("Mersin vinç haberi", "Mersin limanında yeni vinç çalışıyor"),
        ("عبارة زليتن", "عبارة زليتن تعود بعد عام من التوقف"),
    ],
)
def test_heading_beats_agreeing_copies(other: str, heading: str) -> None:
    """An h1 about the same matter is what readers see; og:title and the title element are copies of one text."""
    head = f'<meta property="og:title" content="{other}"><title>{other}</title>'
    assert title(head, f"<h1>{heading}</h1>") == heading


@pytest.mark.parametrize("kicker", ["16 April 2019 ", "Economy ", "اقتصاد "])
def test_kicker_stays_outside(kicker: str) -> None:
    """A date or section at the beginning of the h1 is no part of the headline that the data state."""
    head = '<meta property="og:title" content="Ferry returns to Zliten"><title>Ferry returns to Zliten</title>'
    assert title(head, f"<h1><span>{kicker}</span> Ferry returns to Zliten</h1>") == "Ferry returns to Zliten"


@pytest.mark.parametrize("heading", ["Navigation des articles", "Beitragsnavigation", "Yorumlar", "تصفح المقالات"])
def test_unrelated_heading_is_none(heading: str) -> None:
    """The heading of a menu below the story says nothing of what the title element says."""
    head = "<title>Ferry returns to Zliten</title>"
    assert title(head, f"<h2>Ferry returns to Zliten</h2>{PROSE}<h1>{heading}</h1>") == "Ferry returns to Zliten"


@pytest.mark.parametrize("outlet", ["Coast Post", "CoastPost Magazine", "The Coast-Post"])
def test_outlet_named_by_host(outlet: str) -> None:
    """A short tail with the host's name in it is the outlet, however the host spells it."""
    assert title(f"<title>Ferry returns to Zliten - {outlet}</title>", "<h1>Ferry returns to Zliten</h1>") == (
        "Ferry returns to Zliten"
    )


@pytest.mark.parametrize("outlet", ["Coast Post", "بريد الساحل", "Kıyı Postası"])
def test_headline_is_no_logo(outlet: str) -> None:
    """Where the logo is a heading that links home, the h1 that the title element repeats before it is the headline."""
    logo = f'<h2 id="site-name"><a href="/">{outlet}</a></h2>'
    document = Document.of(
        Page(
            url="https://x.example/a",
            body=f"<title>The pump runs | {outlet}</title>{logo}<h1>The pump runs</h1>{PROSE}".encode(),
            content_type="text/html; charset=utf-8",
        )
    )
    assert "the pump runs" not in document.outlet_names
    assert document.content_of_headline == "The pump runs"


@pytest.mark.parametrize("inner", ["<a>{}</a>", "<a name=top><b>{}</b></a>", "<span><a id=x>{}</a></span>"])
def test_logo_in_nested_anchors(inner: str) -> None:
    """The image's link is the nearest one with an address: an anchor within a link has none."""
    logo = inner.format('<img src="/logo.png" alt="Coast Post">')
    body = f'<a href="/"><svg>{logo}</svg></a><h1>The pump runs</h1>{PROSE}'.encode()
    document = Document.of(Page(url="https://x.example/a", body=body, content_type="text/html; charset=utf-8"))
    assert document.content_of_headline == "The pump runs"


SECTIONS = [
    ("Economy", "The pump at the old well runs again"),
    ("Économie", "Le puits de Tabelot a retrouvé son eau"),
    ("ekonomi", "Eski kuyunun pompası yine çalışıyor"),
    ("اقتصاد", "بئر تابلوت القديمة تعود إلى العمل"),
]


@pytest.mark.parametrize("tag", ["h1", "h2"])
@pytest.mark.parametrize(("section", "heading"), SECTIONS)
def test_only_heading_beats_section(section: str, heading: str, tag: str) -> None:
    """The one heading above the prose is the headline where the title element names the section or the address."""
    menu = "<nav><h2>Other pages of the site</h2></nav>"
    assert title(f"<title>{section} - desk/7</title>", f"{menu}<{tag}>{heading}</{tag}>") == heading


@pytest.mark.parametrize(("section", "heading"), SECTIONS)
def test_several_headings_stay_out(section: str, heading: str) -> None:
    """Of several headings unlike the title none is chosen, and a heading below the prose is none of them."""
    head = f"<title>{section} today and tomorrow</title>"
    assert title(head, f"<h1>{heading}</h1><h1>{heading} 2</h1>") == f"{section} today and tomorrow"
    assert title(head, f"{PROSE}<h1>{heading}</h1>") == f"{section} today and tomorrow"


@pytest.mark.parametrize("addition", [" | Notes and more", " (2019/5)", " » Carnet du port"])
@pytest.mark.parametrize("heading", ["Le bac de Gabès reprend", "Ferry returns to Zliten", "عودة العبارة إلى زليتن"])
def test_title_adds_to_heading(heading: str, addition: str) -> None:
    """On a page without an h1, an h2 that links to its own page is the title element without its addition."""
    shown = f'<h2><a href="https://www.coast-post.example/News.aspx?id=7">{heading}</a></h2><h2>Archive of notes</h2>'
    assert title(f"<title>{heading}{addition}</title>", shown) == heading


@pytest.mark.parametrize("outlet", ["Coast Post", "بريد الساحل", "Le Port"])
def test_longer_heading_is_headline(outlet: str) -> None:
    """Of two headings in the title element, the shorter one is the outlet's name, wherever it stands."""
    line = "The pump at the old well runs"
    for name in (f"{line} | {outlet}", f"{outlet} | {line}"):
        body = f"<title>{name}</title><h1>{line}</h1>{PROSE}<h3>{outlet}</h3>".encode()
        document = Document.of(Page(url="https://x.example/a", body=body, content_type="text/html; charset=utf-8"))
        assert "the pump at the old well runs" not in document.outlet_names
        assert document.content_of_headline == line
