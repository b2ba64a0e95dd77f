"""Standfirsts in the markup of publishing systems, whose names stand on wrappers or in camel case."""

import pytest

from dateline.extraction import extract
from dateline.page import Page

SENTENCE = "The queue at the old well was gone by noon, and the baker sold his bread to the mechanics of the town. "
TEXT = "".join(f'<div class="item"><p>{SENTENCE}{number} people came.</p></div>' for number in range(4))
SUMMARIES = [
    "Engineers say that the line will serve three hundred houses.",
    "Les ingénieurs assurent que la conduite servira trois cents foyers.",
    "يقول المهندسون إن الخط سيخدم ثلاثمئة منزل في البلدة القديمة",
    "Mühendisler hattın üç yüz haneye su vereceğini söylüyor.",
]


def standfirst(markup: str) -> str | None:
    html = f"<html><head><title>The pump runs</title></head><body><h1>The pump runs</h1>{markup}{TEXT}</body></html>"
    page = Page(url="https://x.example/pump", body=html.encode(), content_type="text/html; charset=utf-8")
    article = extract(page).article
    assert article is not None
    return article.standfirst


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("name", ["field-name-field-chapo", "storyIntroText", "article-brief", "node__summary"])
def test_wrapper_names_standfirst(summary: str, name: str) -> None:
    """A name on a wrapper tells the standfirst from paragraphs that are set in the same way."""
    markup = f'<div class="{name}"><div class="items"><div class="item"><p>{summary}</p></div></div></div>'
    assert standfirst(markup) == summary


@pytest.mark.parametrize("name", ["photo-desc", "news-img", "imageSummary"])
def test_description_of_photograph(name: str) -> None:
    """What is named as the description of a photograph is no standfirst."""
    assert standfirst(f'<div class="{name}"><p class="desc">{SUMMARIES[0]}</p></div>') is None


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("tag", ["h2", "h3"])
def test_heading_under_the_headline(summary: str, tag: str) -> None:
    """The one heading of its rank between headline and story, with a sentence in it, sums the story up."""
    assert standfirst(f"<{tag}>{summary}</{tag}>") == summary


@pytest.mark.parametrize("heading", ["Economy", "Une longue attente", "انتظار طويل"])
def test_short_heading_is_no_standfirst(heading: str) -> None:
    assert standfirst(f"<h2>{heading}</h2>") is None


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("form", ['<p class="c7">{}</p>', "<p><b>{}</b></p>", "<div class='c'><p>{}</p></div>"])
def test_described_paragraph_apart(summary: str, form: str) -> None:
    """The page's description, repeated in a first paragraph that is set unlike the others, is the standfirst."""
    long = f"{summary} {summary}"
    meta = f'<meta property="og:description" content="{long}">'
    html = f"<html><head><title>The pump runs</title>{meta}</head><body><h1>The pump runs</h1>{form.format(long)}{TEXT}"
    page = Page(url="https://x.example/pump", body=html.encode(), content_type="text/html; charset=utf-8")
    article = extract(page).article
    assert article is not None
    assert article.standfirst == long


@pytest.mark.parametrize("summary", SUMMARIES)
def test_only_paragraph_is_the_text(summary: str) -> None:
    """A flash of one paragraph is a text, whatever its class says."""
    long = f"{summary} {summary} {summary}"
    html = (
        f'<html><head><title>Pump runs</title></head><body><h1>Pump runs</h1><p class="intro">{long}</p></body></html>'
    )
    page = Page(url="https://x.example/pump", body=html.encode(), content_type="text/html; charset=utf-8")
    article = extract(page).article
    assert article is not None
    assert (article.standfirst, article.text) == (None, long)


LONG = [f"{summary[:-1]} {summary[0].lower()}{summary[1:-1]}." for summary in SUMMARIES]


@pytest.mark.parametrize("summary", LONG)
@pytest.mark.parametrize("form", ["<header><p>{}</p></header>", '<div class="t3">{}</div>', "<div>{}</div>"])
def test_only_sentence_beside_the_headline(summary: str, form: str) -> None:
    """One sentence between headline and story, set unlike its paragraphs and outside its text, sums it up."""
    assert standfirst(form.format(summary)) == summary


@pytest.mark.parametrize(
    "markup",
    [
        '<p class="t3">{0}</p><p class="t3">{1} Another of it.</p>',
        '<div>{0} <a href="/all">More of it</a></div>',
        "<div><ul><li>{0}</li></ul></div>",
        '<div class="ad-text">{0}</div>',
        '<div class="cookie-intro">{0}</div>',
        '<div class="video"><div class="description">{0}</div></div>',
    ],
)
@pytest.mark.parametrize("summary", LONG)
def test_other_text_beside_the_headline(summary: str, markup: str) -> None:
    """Several sentences, links, lists, advertisements and players there are no summary."""
    assert standfirst(markup.format(summary, summary[::-1] + ".")) is None


@pytest.mark.parametrize("summary", LONG)
@pytest.mark.parametrize("name", ["leadtext", "entradilla", "sous-titre", "lid", "article-hat"])
def test_word_for_a_standfirst(summary: str, name: str) -> None:
    assert standfirst(f'<p class="{name}">{summary}</p>') == summary


@pytest.mark.parametrize("summary", LONG)
@pytest.mark.parametrize("form", ['<p class="c7">{}</p>', "<div class='c'><p>{}</p></div>"])
def test_second_headline_in_the_data(summary: str, form: str) -> None:
    """A paragraph apart with the data's second headline is the standfirst."""
    data = f'{{"@type": "NewsArticle", "headline": "The pump runs", "alternativeHeadline": "{summary}"}}'
    assert standfirst(f'<script type="application/ld+json">{data}</script>{form.format(summary)}') == summary
