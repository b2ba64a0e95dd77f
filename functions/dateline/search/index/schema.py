"""The fields of the search index, and what a story puts into them.

==============  =========================================================================
``title``       the headline's words, in their exact forms; ``title_stems`` their stems
``text``        the same of standfirst, text, captions and tags; ``text_stems``
``authors``     the words of the byline
``people``      ids of the persons and organisations that the story names
``places``      GeoNames ids of its places, and countries that it is about
``about``       those countries alone
``spelled``     consonant skeletons of what may be names (``names.unlisted``)
``story``       what lists show, as JSON; stored, and not searched
``order``       the publication instant and the id in one number, by which lists are ordered
==============  =========================================================================

Exact forms are words between spaces; stems are tokens, several at a word's position.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self

from tantivy import Document, PreTokenizedString, Schema, SchemaBuilder, Token

from dateline.article import Article
from dateline.keys import item_keys
from dateline.names import unlisted
from dateline.search.analysis.terms import Term, terms

FORMAT = 2  # of the index: another number when fields or analysis change, and the index has to be rebuilt
FACETS = ("source", "country", "language")
_SHOWN = (
    *("id", "url", "title", "source", "outlet_country", "language", "published_at", "published_precision"),
    *(
        "dateline",
        "places",
        "about",
        "persons",
        "organisations",
        "captured_at",
        "first_seen_at",
        "indexed_at",
        "revision",
        "article",
    ),
)
Version = tuple[str, str, int, int]
_EXACT, _RAW = "whitespace", "raw"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIE_BITS = 24  # of the number that orders stories: two of one second share them once in 16 million


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A story as it is indexed: its CURRENT item's shown attributes, and its article."""

    story: Mapping[str, Any]
    article: Article

    @classmethod
    def of(cls, item: Mapping[str, Any], article: Article) -> Self:
        """The entry of a CURRENT item and the article that it points to."""
        return cls(story={name: item[name] for name in _SHOWN if name in item}, article=article)

    @property
    def id(self) -> str:
        return str(self.story["id"])

    @property
    def version(self) -> Version:
        """What tells it from other revisions of the story, and from other extractions of the same."""
        return version(self.story)

    @property
    def published_key(self) -> str:
        story = self.story
        return item_keys.published_key(self.id, story.get("published_at"), story["first_seen_at"])

    @property
    def month(self) -> str:
        """The month of the shard that the story is in, ``yyyy-mm`` in UTC."""
        return self.published_key[:7]

    def shown(self) -> str:
        """What lists show, as JSON."""
        return json.dumps(self.story, ensure_ascii=False, default=int)

    def to_json(self) -> str:
        """One line; the table's numbers are whole."""
        values = {"story": self.story, "article": self.article.to_dict()}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=int)

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        values = json.loads(line)
        return cls(story=values["story"], article=Article.from_dict(values["article"]))


@cache
def schema() -> Schema:
    """The fields, as tantivy has them."""
    builder = SchemaBuilder()
    builder.add_text_field("id", tokenizer_name=_RAW, index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name=_RAW, index_option="basic", fast=True)
    for name in ("people", "places", "about"):
        builder.add_text_field(name, tokenizer_name=_RAW, index_option="basic")
    for name in ("title", "title_stems", "text", "text_stems", "authors", "spelled"):
        builder.add_text_field(name, tokenizer_name=_EXACT)
    builder.add_integer_field("order", indexed=True, fast=True)
    builder.add_bytes_field("story", stored=True)
    return builder.build()


def version(item: Mapping[str, Any]) -> Version:
    """What tells a CURRENT item from those before and after it, as far as it is searched."""
    at = item["article"]
    return str(item["captured_at"]), str(at["key"]), int(at["offset"]), int(at["length"])


def document(entry: Entry) -> Document:
    """The document of a story."""
    article, document = entry.article, Document()
    for field, values in codes(entry).items():
        for value in values:
            document.add_text(field, value)
    for field, texts in words(article).items():
        for text in texts:
            _add_words(document, field, list(terms(text, article.language)))
    _add_exact(document, "authors", bylines(article))
    _add_names(document, spelled(article))
    document.add_integer("order", order(entry.published_key))
    document.add_bytes("story", entry.shown().encode())
    return document


def codes(entry: Entry) -> dict[str, list[str]]:
    """The fields with codes and ids, each value once."""
    article = entry.article
    found = {
        "id": [entry.id],
        "source": [article.source or ""],
        "country": [article.outlet_country or item_keys.NOWHERE],
        "language": [article.language or ""],
        "places": [*(str(place.id) for place in article.places), *article.about],
        "about": article.about,
        "people": [name.id for name in (*article.persons, *article.organisations)],
    }
    return {field: list(dict.fromkeys(values)) for field, values in found.items()}


def words(article: Article) -> dict[str, list[str]]:
    """The texts of the fields with exact forms, and of those with stems beside."""
    captions = [image.caption for image in article.images if image.caption]
    return {"title": [article.title], "text": [article.standfirst or "", article.text, *captions, *article.tags]}


def spelled(article: Article) -> list[tuple[int, str]]:
    """The skeletons of what may be names, each with its position; between names is a gap."""
    found, at = [], 0
    for text in (article.title, article.standfirst or "", article.text):
        for run in unlisted.runs(text):
            found += [(at + number, part) for number, parts in enumerate(run) for part in sorted(parts) if part]
            at += len(run) + 1
    return found


def bylines(article: Article) -> list[Term]:
    """The words of the authors."""
    return [term for author in article.authors for term in terms(author)]


def order(published_key: str) -> int:
    """The number by which stories are ordered: the instant of publication, then the story."""
    at, _, id = published_key.partition("#")
    tie = int.from_bytes(hashlib.sha256(id.encode()).digest()[: _TIE_BITS // 8])
    return least_order(datetime.fromisoformat(at)) + tie


def least_order(instant: datetime) -> int:
    """The least ``order`` of stories of an instant (UTC if it has no zone) or later."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return int(aware.timestamp()) << _TIE_BITS


def month_of(order: int) -> str:
    """The month of publication (``yyyy-mm``, UTC) of the stories with an ``order``."""
    return (_EPOCH + timedelta(seconds=order >> _TIE_BITS)).isoformat()[:7]


def _add_words(document: Document, field: str, found: Sequence[Term]) -> None:
    _add_exact(document, field, found)
    tokens = [Token(stem, at, 0, 0) for at, term in enumerate(found) for stem in term.stems]
    if tokens:
        document.add_pre_tokenized_text(f"{field}_stems", PreTokenizedString("", tokens))


def _add_names(document: Document, found: Sequence[tuple[int, str]]) -> None:
    if found:
        tokens = [Token(part, at, 0, 0) for at, part in found]
        document.add_pre_tokenized_text("spelled", PreTokenizedString("", tokens))


def _add_exact(document: Document, field: str, found: Iterable[Term]) -> None:
    if text := " ".join(term.exact for term in found):
        document.add_text(field, text)
