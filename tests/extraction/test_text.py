"""A story's text parted from what stands around it, and its standfirst: invented pages, as outlets set them."""

from typing import NamedTuple

import pytest

from dateline.article import Outcome
from dateline.extraction import extract
from dateline.extraction.body import find
from dateline.extraction.body.cleanup import without_scripts
from dateline.extraction.parse.html import parse
from dateline.page import Page

OPENING = (
    "Fishermen who had waited for a year saw the ferry come in on Tuesday, with forty passengers and a cow on board."
)
SECOND = "The harbour office had found a captain only the week before, and the crew was put together from three towns."
THIRD = "Tickets are sold at the pier, the office said, and the price will stay as it is until the end of the summer."
PARAGRAPHS = "".join(f"<p>{paragraph}</p>" for paragraph in (OPENING, SECOND, THIRD))
STORY = [OPENING, SECOND, THIRD]
SUMMARY = "Forty passengers and a cow came in on the first day, and the harbour office is content."


class Case(NamedTuple):
    head: str
    body: str
    text: list[str] = STORY
    standfirst: str | None = None


def described(text: str) -> str:
    return f'<meta name="description" content="{text}">'


CASES = {
    "nothing around it": Case("", PARAGRAPHS),
    "a headline behind its kicker": Case("", f"<p>Zliten harbour A ferry returns to Zliten</p>{PARAGRAPHS}"),
    "a byline and a date before it": Case("", f"<p>by S. Treki</p><p>16 April 2019</p>{PARAGRAPHS}"),
    "pointers to other stories in a list": Case(
        "",
        f"<p>{OPENING}</p><ul>"
        + "".join(f'<li><b>Coast:</b> <a href="/{n}">A headline of some story, number {n}</a></li>' for n in range(20))
        + f"</ul><p>{SECOND}</p><p>{THIRD}</p>",
    ),
    "comments however long": Case(
        "",
        PARAGRAPHS + "".join(f'<li id="forum-comment-{n}"><p>{"It will sink. " * 40}</p></li>' for n in "123"),
    ),
    "a short line twice": Case("", f"<p>{OPENING}</p><p>He waved.</p><p>He waved.</p><p>{SECOND}</p><p>{THIRD}</p>", [
        OPENING, "He waved.", SECOND, THIRD,
    ]),
    "a list that it ends with": Case("", f"{PARAGRAPHS}<ul><li>Zliten, 8 am</li><li>Khums, noon</li></ul>", [
        *STORY, "Zliten, 8 am\nKhums, noon",
    ]),
    "paragraphs by line breaks": Case("", f"<div>{OPENING}<br><br>{SECOND} <b>Bold</b><br><br>{THIRD}</div>", [
        OPENING, f"{SECOND} Bold", THIRD,
    ]),
    "one break a paragraph": Case("", f"<div>{OPENING}<br>{SECOND}<br>{THIRD}</div>"),
    "a standfirst that is described": Case(
        described(SUMMARY), f"<header><h4>{SUMMARY}</h4></header>{PARAGRAPHS}", standfirst=SUMMARY
    ),
    "a standfirst that is named": Case("", f'<p class="chapo">{SUMMARY}</p>{PARAGRAPHS}', standfirst=SUMMARY),
    "a standfirst that is described in part": Case(
        described(SUMMARY + " So is the cow."), f"<header><h4>{SUMMARY}</h4></header>{PARAGRAPHS}", standfirst=SUMMARY
    ),
    "no standfirst: the first paragraph is described": Case(described(OPENING), PARAGRAPHS),
    "no standfirst: a paragraph with a name": Case("", PARAGRAPHS.replace("<p>", '<p id="summary">', 1)),
    "no standfirst: another form of the headline": Case(
        described("A ferry returns to Zliten"), f'<h2 class="subtitle">A ferry returns to Zliten</h2>{PARAGRAPHS}'
    ),
    "no standfirst: what comes after the first paragraph": Case(
        "",
        f'<p>{OPENING}</p><p class="chapo">{SUMMARY}</p><p>{SECOND}</p><p>{THIRD}</p>',
        [OPENING, SUMMARY, SECOND, THIRD],
    ),
}  # fmt: skip


def read(head: str, body: str) -> tuple[list[str], str | None]:
    html = f"<html lang=en><head>{head}</head><body><article><h1>A ferry returns to Zliten</h1>{body}</article></body>"
    extraction = extract(Page(url="https://www.coast-post.example/news/ferry", body=html.encode()))
    assert extraction.outcome is Outcome.ARCHIVED, extraction.reason
    assert extraction.article is not None
    return extraction.article.text.split("\n\n"), extraction.article.standfirst


@pytest.mark.parametrize("name", CASES)
def test_the_text_and_the_standfirst(name: str) -> None:
    case = CASES[name]
    assert read(case.head, case.body) == (case.text, case.standfirst)


@pytest.mark.parametrize("state", ['{"story": {"html": %s}}', 'self.__f.push([1, "{\\"html\\": %s}"])'])
def test_story_set_by_scripts(state: str) -> None:
    """Within a JSON string, or in one within another."""
    quoted = f'"{PARAGRAPHS}"'.replace("<", "\\u003c")
    if "push" in state:
        quoted = quoted.replace("\\", "\\\\").replace('"', '\\"')
    found, _ = read("", f"<div id=root></div><script>{state % quoted}</script>")
    assert found == STORY


def test_signature_line_is_author() -> None:
    """The line that a story is signed with."""
    html = f"<html><body><h1>A ferry returns to Zliten</h1>{PARAGRAPHS}<p><b>Salma Treki</b></p></body></html>"
    article = extract(Page(url="https://www.coast-post.example/news/ferry", body=html.encode())).article
    assert article is not None
    assert (article.authors, article.provenance["authors"]) == (("Salma Treki",), "last line")
    assert article.text.split("\n\n") == STORY


LONG = f"<div>{4 * PARAGRAPHS}</div>"


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        (f"<nav>Home</nav><article>{LONG}</article><p>All rights are the paper's.</p>", "article"),
        (f"<article><h1>A ferry</h1><section itemprop=articleBody>{LONG}</section></article>", "section"),
        (f"<article>{PARAGRAPHS}</article>{LONG}", "html"),
        (f"<article>{LONG}</article><article>{SECOND}</article>", "html"),
        (f"<article><p>{SECOND}</p></article>", "html"),
        (f"<div>{'<br><br>'.join(4 * STORY)}</div><article class=comment>{PARAGRAPHS}{PARAGRAPHS}</article>", "html"),
        (f"<ul>{12 * f'<li>{SECOND}</li>'}</ul><article><p><script>{LONG}</script></p>{PARAGRAPHS}</article>", "html"),
        (f"<div itemprop=articleBody>{PARAGRAPHS}{PARAGRAPHS}</div><div>{3 * THIRD}</div>", "html"),
        (f"<article>{LONG}</article><aside>{LONG}</aside>", "article"),
        (f"<aside><article>{LONG}</article></aside>", "html"),
        (f"<form>{LONG}<article>{PARAGRAPHS}{PARAGRAPHS}</article></form>", "html"),
    ],
    ids=[
        "one story",
        "the body of one",
        "a teaser beside it",
        "several",
        "too little",
        "a comment",
        "a pick",
        "its beginning",
        "beside others",
        "one of others",
        "all in a form",
    ],
)
def test_text_is_looked_for(body: str, tag: str) -> None:
    """Where the text is looked for."""
    page = without_scripts(parse(f"<html><body>{body}</body></html>".encode()))
    assert find.marked(page).tag == tag
