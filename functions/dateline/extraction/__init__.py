"""Extraction: turn a page into an article, each field with the rule behind it.

``parse`` reads bytes into a tree and the page's own metadata. ``body`` finds the story's text with trafilatura and
cleans it. ``fields`` choose every other field from JSON-LD, meta tags, markup, the URL and the feed. ``source_rules``
apply the rules of a source's file, with precedence. ``is_article`` rejects other pages. ``clipping`` reads plain text.
The result is then searched for ``places``.
"""

from typing import Any, TypeVar

from lxml.etree import LxmlError

from dateline import instants
from dateline.article import Article, Extraction, Extractor, Outcome, content_digest
from dateline.extraction import clipping, is_article, source_rules
from dateline.extraction.assemble import Story, told
from dateline.extraction.fields import language, links, taxonomy
from dateline.extraction.fields.dates import story_dates
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.html import NotHtmlError
from dateline.extraction.rulebook import NO_RULES, Rulebook
from dateline.keys import identifiers
from dateline.names import named
from dateline.page import Page
from dateline.places import placed
from dateline.sources.rules import RuleSet
from dateline.version import __version__

RULES = "7"  # changes when the same page may give another article

T = TypeVar("T")


def extract(page: Page, rulebook: Rulebook = NO_RULES) -> Extraction:
    """Return a page's outcome: an article, no article (with the reason), gone, or quarantined.

    ``rulebook`` has the sources' own rules, with precedence over all others. Never raises for a page's contents.
    ``QUARANTINED`` is for pages that cannot be examined: too large, rejected by a parser, or without a web address.
    """
    is_clipping = page.content_type.startswith(clipping.MEDIA_TYPE)
    found = clipping.extract(page) if is_clipping else _extracted(page, rulebook)
    return found._replace(article=named(placed(found.article))) if found.article else found


def _extracted(page: Page, rulebook: Rulebook) -> Extraction:
    if page.status >= 300:
        outcome = Outcome.GONE if page.status in {404, 410} else Outcome.NOT_ARTICLE
        return Extraction(outcome, reason=f"HTTP status {page.status}")
    try:
        rules = rulebook.of(page)
        document = Document.of(page, rules)
        story = told(document)
        if reason := is_article.reason(document, story):
            return Extraction(Outcome.NOT_ARTICLE, reason=reason)
        article = _article(document, story, rules)
        return Extraction(Outcome.ARCHIVED, article, rules_missed=_missed(article, rules) if rules else ())
    except NotHtmlError as error:
        return Extraction(Outcome.NOT_ARTICLE, reason=str(error))
    except (ValueError, RecursionError, LxmlError) as error:  # too large, no address, or more than a library can take
        return Extraction(Outcome.QUARANTINED, reason=f"{type(error).__name__}: {error}")


def _article(document: Document, story: Story, rules: RuleSet | None) -> Article:
    page = document.page
    published, modified = story_dates.find(document)
    declared = language.declared(document)
    spoken = language.spoken(story.text, _value(declared), page.languages)
    section = source_rules.line(document, "section") or taxonomy.section(document)
    tags = source_rules.tags(document) or taxonomy.tags(document, story.text)
    wall = taxonomy.paywalled(document)
    title = _value(story.title) or ""
    return Article(
        id=identifiers.article_id(document.url),
        url=document.url,
        title=title,
        text=story.text,
        digest=content_digest(title, story.text),
        source=page.source,
        outlet_country=page.country,
        language=_value(spoken),
        declared_language=_value(declared),
        standfirst=_value(story.standfirst),
        authors=_value(story.authors) or (),
        section=_value(section),
        tags=_value(tags) or (),
        published_at=published.value.iso() if published else None,
        modified_at=modified.value.iso() if modified else None,
        published_precision=published.value.precision if published else None,
        dateline=_value(story.dateline),
        agencies=_value(story.agencies) or (),
        images=_value(story.images) or (),
        links=links.find(document, story.text),
        paywalled=_value(wall),
        word_count=len(story.text.split()),
        captured_at=instants.utc(page.captured_at) if page.captured_at else None,
        provenance=_provenance(
            title=story.title,
            text=story.blocks,
            standfirst=story.standfirst,
            dateline=story.dateline,
            agencies=story.agencies,
            authors=story.authors,
            section=section,
            tags=tags,
            published_at=published,
            modified_at=modified,
            language=spoken,
            declared_language=declared,
            paywalled=wall,
            images=story.images,
        ),
        extractor=Extractor("dateline", __version__, f"{RULES}+{rules.name(page.source)}" if rules else RULES),
    )


def _missed(article: Article, rules: RuleSet) -> tuple[str, ...]:
    """Return the fields with a rule that matched nothing."""
    given = {field for field, rule in article.provenance.items() if rule.startswith("rule:")}
    return tuple(field for field in rules.fields if field not in given and field not in rules.optional)


def _value(found: Value[T] | None) -> T | None:
    return found.value if found else None


def _provenance(**fields: Value[Any] | None) -> dict[str, str]:
    return {name: found.rule for name, found in fields.items() if found}
