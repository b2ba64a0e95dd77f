"""Names: the persons and organisations of a story, in any spelling and script.

Parts of the story have the same weights as for places. The heaviest names come first, then the earliest. Names outside
the register stay words.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from dateline.article import Article, Name
from dateline.names.detect import mentions
from dateline.names.register import Entry
from dateline.places import weighted

MOST = 30  # persons, and organisations, of a story; one that names more is a list
_RULE = "names in title and text"  # what provenance says


def named(article: Article) -> Article:
    """Return the article with its persons and organisations."""
    found = [(mention, weight) for text, weight in weighted(article) for mention in mentions(text)]
    sure = {mention.entry for mention, _ in found if mention.sure}
    weights = Counter[Entry]()
    for mention, weight in found:
        weights[mention.entry] += weight if mention.entry in sure else 0
    heaviest = [entry for entry, weight in weights.most_common() if weight]
    persons, organisations = _of_kind(heaviest, "person"), _of_kind(heaviest, "organisation")
    rules = ({"persons": _RULE} if persons else {}) | ({"organisations": _RULE} if organisations else {})
    return replace(article, persons=persons, organisations=organisations, provenance=article.provenance | rules)


def _of_kind(entries: Iterable[Entry], kind: str) -> tuple[Name, ...]:
    found = [Name(entry.id, entry.name, entry.wikidata) for entry in entries if entry.kind == kind]
    return tuple(found[:MOST])
