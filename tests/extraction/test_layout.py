"""Stories in layout tables, cells, nested lists, several blocks and hidden rests; outlets' names as headings."""

import pytest

from dateline.article import Article
from dateline.extraction import extract
from dateline.page import Page

ENGLISH = (
    "The water board of Tel Marun opened two new pumping stations on Monday after a year of delays and complaints.",
    "Residents of the lower town told reporters that the pressure had doubled by noon and that no street was dry.",
    "The board said in a statement that a third station would follow in spring if the loan is paid in time.",
    "Farmers north of the canal asked for the same works and for a public meeting before the end of the month.",
)
FRENCH = (
    "La régie des eaux de Tel Maroun a ouvert lundi deux stations de pompage après un an de retard et de plaintes.",
    "Des habitants de la ville basse ont dit que la pression avait doublé à midi et qu'aucune rue n'était à sec.",
    "La régie a indiqué dans un communiqué qu'une troisième station suivrait au printemps si le prêt est versé.",
    "Les agriculteurs du nord du canal demandent les mêmes travaux et une réunion publique avant la fin du mois.",
)
ARABIC = (
    "افتتحت مصلحة المياه في تل مارون محطتي ضخ جديدتين يوم الاثنين بعد عام من التأخير والشكاوى المتكررة من السكان.",
    "وقال سكان الحي الأسفل للصحفيين إن ضغط المياه تضاعف عند الظهر وإن الشوارع كلها وصلتها المياه دون انقطاع.",
    "وذكرت المصلحة في بيان أن محطة ثالثة ستفتتح في الربيع إذا صرف القرض في موعده كما وعدت وزارة المالية.",
    "وطالب مزارعون شمال القناة بالأعمال نفسها وبعقد اجتماع عام قبل نهاية الشهر الجاري لعرض الخرائط عليهم.",
)
STORIES = pytest.mark.parametrize("story", [ENGLISH, FRENCH, ARABIC], ids=["en", "fr", "ar"])


def archived(body: str, head: str = "<title>Two new stations | Marun Post</title>") -> Article:
    markup = f"<html><head>{head}</head><body>{body}</body></html>"
    page = Page(url="https://post.example/a/77", body=markup.encode(), content_type="text/html; charset=utf-8")
    article = extract(page).article
    assert article is not None
    return article


def paragraphs(lines: tuple[str, ...]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


@STORIES
@pytest.mark.parametrize("form", ["{0}<br><br>{1}<br><br>{2}<br><br>{3}", "<p>{0}</p><p>{1}</p><p>{2}</p><p>{3}</p>"])
@pytest.mark.parametrize("frame", ["<td>{}</td>", "<td><table><tr><td>{}</td></tr></table></td>"])
def test_layout_tables_are_divided(story: tuple[str, ...], form: str, frame: str) -> None:
    """A table that sets the page gives the story's paragraphs, and not the menu in another cell."""
    menu = "<td><a href='/'>Start</a><br><a href='/m'>Markets</a></td>"
    body = f"<table><tr>{menu}{frame.format('<h1>Two new stations</h1>' + form.format(*story))}</tr></table>"
    assert archived(body).text.split("\n\n") == list(story)


@STORIES
@pytest.mark.parametrize(
    "cell", ["<ul><li>one</li><li>two</li></ul>", "one<br>two", "<p>one</p><p>two</p>", "<div>one</div><div>two</div>"]
)
def test_cells_keep_words_apart(story: tuple[str, ...], cell: str) -> None:
    """Lists, breaks and paragraphs in a cell of data are one line, with spaces."""
    table = f"<table><tr><th>A</th><th>B</th></tr><tr><td>x</td><td>{cell}</td></tr></table>"
    text = archived(
        f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{table}{paragraphs(story[2:])}</article>"
    )
    assert "A | B\nx | one two" in text.text


@STORIES
def test_nested_items_stand_once(story: tuple[str, ...]) -> None:
    """The items of a list in an item, and paragraphs in an item, are lines of their own, in order, once."""
    items = "<ul><li>outer one<ul><li>inner</li></ul></li><li><p>first.</p><p>second.</p></li></ul>"
    article = archived(
        f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{items}{paragraphs(story[2:])}</article>"
    )
    assert "outer one\ninner\nfirst.\nsecond." in article.text


@STORIES
@pytest.mark.parametrize("name", ["article-content", "post-content", "story-body", "entry-content"])
@pytest.mark.parametrize("wrap", ["{}", "<section>{}</section>"])
def test_several_blocks_make_one(story: tuple[str, ...], name: str, wrap: str) -> None:
    """A story in several blocks of one name is read to its end."""
    blocks = "".join(wrap.format(f"<div class='{name}'><p>{line}</p></div>") for line in story)
    assert archived(f"<div><h1>Two new stations</h1>{blocks}</div>").text.split("\n\n") == list(story)


@STORIES
@pytest.mark.parametrize("hiding", ["style='display:none'", "style='display: none' id='more'", "hidden"])
def test_hidden_rests_are_read(story: tuple[str, ...], hiding: str) -> None:
    """What stands behind "read more" is the story's."""
    rest = f"<button>more</button><div {hiding}>{paragraphs(story[2:])}</div>"
    article = archived(f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{rest}</article>")
    assert article.text.split("\n\n") == list(story)


@STORIES
@pytest.mark.parametrize("logo", ["<h1>Marun Post</h1>", "<h1><a href='/'>Marun Post</a></h1>"])
@pytest.mark.parametrize("mark", ["|", "-", "—", "‹", "·"])
def test_outlets_are_no_titles(story: tuple[str, ...], logo: str, mark: str) -> None:
    """An outlet's name in the first heading is not the headline."""
    body = f"{logo}<h2>Two new stations</h2><div>{paragraphs(story)}</div>"
    assert archived(body, f"<title>Two new stations {mark} Marun Post</title>").title == "Two new stations"


@STORIES
def test_quotations_stay_in_line(story: tuple[str, ...]) -> None:
    """A quotation in a paragraph stays there, in marks."""
    quoted = f"<p>{story[3]} <q>no more</q>, ok.</p>"
    article = archived(f"<article><h1>Two new stations</h1>{paragraphs(story[:3])}{quoted}</article>")
    assert f"{story[3]} “no more”, ok." in article.text


@STORIES
@pytest.mark.parametrize("table", ["<table><tr><td>{0}</td></tr></table>", "<table>{0}</table>"])
def test_table_rows_are_divided(story: tuple[str, ...], table: str) -> None:
    """A table with a row for each part of a story, and one for its readers, is a layout: no cell is one glued line."""
    comments = "<div class='comment'><p>One</p><p>Two</p><p>Three</p></div>"
    cells = ["Economy", "<span class='title'>Two new stations</span>", paragraphs(story), "Print | Share", comments]
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in cells)
    text = archived(table.format(rows) if "{0}</table>" in table else table.format(f"<table>{rows}</table>")).text
    assert text.split("\n\n") == list(story)


HEADINGS = {"en": "A long wait", "fr": "Une longue attente", "ar": "انتظار طويل"}


@STORIES
@pytest.mark.parametrize("tag", ["h2", "h4", "h6"])
@pytest.mark.parametrize("form", ["<{0}>{1}</{0}>", "<div class='head'><{0}>{1}</{0}></div>"])
@pytest.mark.parametrize("language", HEADINGS)
def test_sub_headings_stay(story: tuple[str, ...], tag: str, form: str, language: str) -> None:
    """A short heading between kept paragraphs is the story's, in a frame of its own too."""
    heading = form.format(tag, HEADINGS[language])
    body = f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{heading}{paragraphs(story[2:])}</article>"
    assert archived(body).text.split("\n\n") == [*story[:2], HEADINGS[language], *story[2:]]


BOLD = (
    "<div><b>{0}</b></div>",
    "<div class='mid'><strong>{0}</strong></div>",
    "<div style='font-weight: bold'>{0}</div>",
    "<div style='color:red;font-weight:700'><span>{0}</span></div>",
)


@STORIES
@pytest.mark.parametrize("form", BOLD)
@pytest.mark.parametrize("language", HEADINGS)
def test_bold_lines_are_headings(story: tuple[str, ...], form: str, language: str) -> None:
    """A short bold line in a division between two paragraphs is a sub-heading, and stays."""
    heading = form.format(HEADINGS[language])
    body = f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{heading}{paragraphs(story[2:])}</article>"
    assert archived(body).text.split("\n\n") == [*story[:2], HEADINGS[language], *story[2:]]


@STORIES
@pytest.mark.parametrize("line", ["<div>Advertisement box</div>", "<div><b><a href='/b'>Other story</a></b></div>"])
def test_other_divisions_are_none(story: tuple[str, ...], line: str) -> None:
    """A plain line, and a bold one with a link, are no sub-headings."""
    body = f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{line}{paragraphs(story[2:])}</article>"
    assert archived(body).text.split("\n\n") == list(story)


@STORIES
@pytest.mark.parametrize("tag", ["span", "font", "strong", "i", "details"])
def test_paragraphs_in_a_line(story: tuple[str, ...], tag: str) -> None:
    """Paragraphs within an element for pieces of lines are read as those of a division."""
    body = f"<div class='text'><h1>Two new stations</h1><{tag} class='field'>{paragraphs(story)}</{tag}></div>"
    assert archived(body).text.split("\n\n") == list(story)


@STORIES
def test_captions_of_no_table(story: tuple[str, ...]) -> None:
    """Slides with their texts in elements for the captions of tables are read."""
    slides = "".join(
        f"<section><h2>{at}. slide</h2><caption>{line}</caption></section>" for at, line in enumerate(story)
    )
    text = archived(f"<article><h1>Two new stations</h1>{slides}</article>").text
    assert all(line in text for line in story)


@STORIES
@pytest.mark.parametrize("tag", ["ul", "ol"])
def test_short_items_stay(story: tuple[str, ...], tag: str) -> None:
    """A list between paragraphs stays one block with its items, wherever an extractor takes it for a menu."""
    items = ("A line open day and night", "Two teams for the far quarters", "A report on the web each month")
    inner = "".join(f"<li>{item}</li>" for item in items)
    table = "<table><tr><td>Zone</td><td>Before</td></tr><tr><td>North</td><td>12</td></tr></table>"
    body = f"<div class='body'>{paragraphs(story[:2])}{table}<{tag}>{inner}</{tag}>{paragraphs(story[2:])}</div>"
    assert "\n\n" + "\n".join(items) + "\n\n" in archived(f"<h1>Two new stations</h1>{body}").text


@STORIES
@pytest.mark.parametrize("words", ["<b></b>", "<strong></strong>", "<em></em><b></b>"])
def test_empty_elements_lose_nothing(story: tuple[str, ...], words: str) -> None:
    """Editors leave empty elements behind; the text after them stays, once."""
    halved = [line.replace(" ", f" {words}", 3) for line in story]
    body = "".join(f"<p><strong>{line[:30]}</strong>{line[30:]}</p>" for line in halved[:1]) + paragraphs(
        tuple(halved[1:])
    )
    assert archived(f"<article><h1>Two new stations</h1>{body}</article>").text.count(story[2][-40:]) == 1


POSTS = (
    '<blockquote class="twitter-tweet"><p>Leave the road clear tonight</p>&mdash; Post (@post)</blockquote>',
    '<blockquote class="instagram-media"><p>Leave the road clear tonight</p></blockquote>',
    '<blockquote class="tiktok-embed"><section><p>Leave the road clear tonight</p></section></blockquote>',
    '<div class="fb-post"><blockquote>Leave the road clear tonight</blockquote></div>',
)


@STORIES
@pytest.mark.parametrize("post", POSTS)
def test_embedded_posts_are_no_text(story: tuple[str, ...], post: str) -> None:
    body = f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{post}{paragraphs(story[2:])}</article>"
    assert archived(body).text.split("\n\n") == list(story)


@STORIES
def test_quotations_stay(story: tuple[str, ...]) -> None:
    quotation = f"<blockquote><p>{story[2]}</p></blockquote>"
    body = f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{quotation}{paragraphs(story[3:])}</article>"
    assert archived(body).text.split("\n\n") == list(story)


@STORIES
@pytest.mark.parametrize(
    "line",
    [
        "Yazdır | Paylaş | okunma: 1745",
        "طباعة | شارك | مشاهدة: 2773",
        "چاپ | اشتراک‌گذاری | بازدید: 2225",
        "751 lectures",
        "Nous utilisons des cookies pour améliorer votre visite.",
        "We and our partners store cookies on your device.",
        "Sitemizde çerezler kullanılmaktadır.",
    ],
)
def test_tools_are_no_text(story: tuple[str, ...], line: str) -> None:
    """Tools and notices are no text."""
    body = f"<article><h1>Two new stations</h1>{paragraphs((*story[:3], line, story[3]))}</article>"
    assert archived(body).text.split("\n\n") == list(story)


POINTERS = (
    "<table><tr><td><a href=/1>Other story one</a></td></tr><tr><td><a href=/2>Story two</a></td></tr></table>",
    "<table><tr><td><b>+</b><br><a href=/1>Other story one</a><br><a href=/2>Other story two</a></td></tr></table>",
    "<table><tr><td><ul><li><a href=/1>Other story</a></li><li><a href=/2>Another</a></li></ul></td></tr></table>",
)


@STORIES
@pytest.mark.parametrize("table", POINTERS)
def test_tables_of_links_are_no_text(story: tuple[str, ...], table: str) -> None:
    """A small table beside the text with links to other pages is no part of it; a table of data is."""
    body = f"<article><h1>Two new stations</h1>{paragraphs(story[:2])}{table}{paragraphs(story[2:])}</article>"
    assert archived(body).text.split("\n\n") == list(story)


@STORIES
@pytest.mark.parametrize(
    "tooltip",
    [
        "<abbr title='Explained'>UN</abbr>",
        "<span>UN<span style='display:none'>Explained</span></span>",
        "<span>UN<small role='tooltip'>Explained</small></span>",
        "<span>UN<span hidden>Explained</span></span>",
    ],
)
def test_tooltips_are_no_text(story: tuple[str, ...], tooltip: str) -> None:
    """An explanation under the pointer is not in the line; its word is."""
    line = f"{story[0][:40]}{tooltip}{story[0][40:]}"
    text = archived(f"<article><h1>Two new stations</h1>{paragraphs((line, *story[1:]))}</article>").text
    assert text.split("\n\n") == [f"{story[0][:40]}UN{story[0][40:]}", *story[1:]]


@STORIES
def test_initials_hidden_from_readers_alone_stay(story: tuple[str, ...]) -> None:
    """A text that only screen readers pass over is in view."""
    line = f"<span aria-hidden='true'>{story[0][:1]}</span>{story[0][1:]}"
    text = archived(f"<article><h1>Two new stations</h1>{paragraphs((line, *story[1:]))}</article>").text
    assert text.split("\n\n") == list(story)
