"""Matching in one shard: a query's clauses as tantivy queries.

A clause matches by its words' exact forms in the headline, then in the text, then by stems. Scores are BM25 with the
frequencies of all searched shards, so a word is as rare in a small month as in a large one.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product, takewhile

from tantivy import FieldType, Occur, Query, Searcher

from dateline.names import unlisted
from dateline.search.analysis.terms import Term, terms
from dateline.search.index.schema import least_order, schema
from dateline.search.query.language import Clause
from dateline.search.query.resolve import Names

# Exact forms count more than stems, and the headline more than the text: ``infra.bench.answers.known_items``.
_WEIGHTS = {"title": 2.0, "text": 1.0, "title_stems": 1.0, "text_stems": 0.4, "authors": 1.0}
# A headline's word is as rare as it is in texts: few headlines have "in" or "from", and these tell little even so.
_COMMONER = {"title": "text", "title_stems": "text_stems"}
_SIDE_BY_SIDE = 1.0  # times the score of its words, for a headline with all of them in their order
_NAMED = 0.7  # a story that names the person or place otherwise than the query does
_SPELLED = 0.3  # a story with a name of the same consonants, which may be somebody else's
_FREE = ("title", "text", "title_stems", "text_stems", "authors")
_TIE = 0.2  # of the weaker ways in which a clause is matched
_NAME_WORDS = 5  # of a name at most
_STEMMED = 8  # sequences of stems of one phrase at most
_CODES = {"source": "source", "country": "country", "language": "language", "about": "about"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A term of a field, or a phrase of several; ``fixed`` without regard to how rare it is."""

    field: str
    words: tuple[str, ...]
    weight: float = 1.0
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any of these; the best match counts most."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these."""

    nodes: tuple["Node", ...]


Node = Leaf | AnyOf | AllOf


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query as nodes: required, excluded, required without a score, and only scored."""

    scored: tuple[Node, ...] = ()
    excluded: tuple[Node, ...] = ()
    filters: tuple[Node, ...] = ()
    preferred: tuple[Node, ...] = ()

    def leaves(self) -> Iterator[Leaf]:
        """Yield the scored leaves."""
        for node in (*self.scored, *self.preferred):
            yield from _leaves(node)


def wanted(clauses: Sequence[Clause], names: Names) -> Wanted:
    """Return the nodes of clauses."""
    scored, excluded, filters = [], [], []
    for clause, node in _nodes(clauses, names):
        if clause.excluded:
            excluded.append(node)
        elif clause.field in _CODES:
            filters.append(node)
        else:
            scored.append(node)
    return Wanted(tuple(scored), tuple(excluded), tuple(filters), tuple(_headlines(clauses)))


def _headlines(clauses: Sequence[Clause]) -> Iterator[Node]:
    """A headline with the query's words side by side: somebody remembers it, or pasted it."""
    words = " ".join(clause.text for clause in clauses if not (clause.field or clause.phrase or clause.excluded))
    found = tuple(term.exact for term in terms(words, asked=True))
    if len(found) > 1:
        yield Leaf("title", found, _SIDE_BY_SIDE)


def _nodes(clauses: Sequence[Clause], names: Names) -> Iterator[tuple[Clause, Node]]:
    """Yield each clause with its node; of several words that are a name, the first with a node for all."""
    at, spelled = 0, list(_spelled(clauses))
    while at < len(clauses):
        count, node = _name(clauses[at : at + _NAME_WORDS], names)
        if node is None and (node := _node(clauses[at], names)) and spelled[at]:
            node = AnyOf((node, *spelled[at]))
        if node:
            yield clauses[at], node
        at += count


def _name(clauses: Sequence[Clause], names: Names) -> tuple[int, Node | None]:
    """Return the longest name that clauses begin with: how many they are, and the node for its words or its ids."""
    words = list(takewhile(lambda clause: not (clause.field or clause.phrase or clause.excluded), clauses))
    for count in range(len(words), 0, -1):
        found = names.certain(" ".join(clause.text for clause in words[:count]))
        ids = [node for field, named in found.items() if (node := _named(field, named))]
        as_words = [node for clause in words[:count] if (node := _words(clause, _FREE))]
        if ids and as_words:
            return count, AnyOf((AllOf(tuple(as_words)), *ids))
    return 1, None


def _spelled(clauses: Sequence[Clause]) -> Iterator[list[Leaf]]:
    """Yield for each clause the names, outside the register, that it may be a word of: two words side by side or more.

    Longer queries are no names, and have words enough.
    """
    plain = [not (clause.field or clause.phrase or clause.excluded) for clause in clauses]
    found: list[list[Leaf]] = [[] for _ in clauses]
    for start, end in combinations(range(len(clauses) + 1), 2) if len(clauses) <= _NAME_WORDS else ():
        if end - start > 1 and all(plain[start:end]):
            leaves = _spellings(" ".join(clause.text for clause in clauses[start:end]))
            for at in range(start, end):
                found[at] += leaves
    yield from found


def _spellings(name: str) -> list[Leaf]:
    """A name's consonants side by side, in each way that they may be read."""
    return [Leaf("spelled", parts, _SPELLED) for parts in unlisted.spellings(name)]


def codes(field: str, values: Sequence[str]) -> Node:
    """One of these codes in a field."""
    return AnyOf(tuple(Leaf(field, (value,), fixed=True) for value in values))


def _node(clause: Clause, names: Names) -> Node | None:
    if clause.field in _CODES:
        return codes(_CODES[clause.field], [clause.text.lower()])
    if clause.field == "person":
        return _named("people", names.people(clause.text)) or _person(clause)
    if clause.field == "place":
        return _named("places", names.places(clause.text)) or _words(clause, _FREE)
    if clause.field == "title":
        return _words(clause, ("title", "title_stems"))
    if clause.field == "author":
        return _words(clause, ("authors",))
    return _words(clause, _FREE)


def _person(clause: Clause) -> Node | None:
    """A person outside the register: the words, or the same consonants."""
    node, leaves = _words(clause, _FREE), _spellings(clause.text.title())
    return AnyOf((node, *leaves)) if node and leaves else node


def _named(field: str, ids: Sequence[str]) -> Node | None:
    return AnyOf(tuple(Leaf(field, (id,), _NAMED) for id in ids)) if ids else None


def _words(clause: Clause, fields: Sequence[str]) -> Node | None:
    """The words of a clause: side by side in a phrase, anywhere otherwise."""
    found = list(terms(clause.text, asked=True))
    if not found:
        return None
    if clause.phrase or len(found) > 1:  # a word with a hyphen in it is a phrase as well
        return AnyOf(tuple(leaf for field in fields for leaf in _phrases(field, found)))
    return AnyOf(tuple(leaf for field in fields for leaf in _forms(field, found[0])))


def _forms(field: str, term: Term) -> Iterator[Leaf]:
    forms = term.stems if field.endswith("_stems") else (term.exact,)
    yield from (Leaf(field, (form,), _WEIGHTS[field]) for form in forms)


def _phrases(field: str, found: Sequence[Term]) -> Iterator[Leaf]:
    if not field.endswith("_stems"):
        yield Leaf(field, tuple(term.exact for term in found), _WEIGHTS[field])
        return
    for number, words in enumerate(product(*(term.stems for term in found))):
        if number == _STEMMED:
            return
        yield Leaf(field, words, _WEIGHTS[field])


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
    else:
        for each in node.nodes:
            yield from _leaves(each)


def dated(first: date | None, last: date | None) -> Iterator[Query]:
    """Yield the days of publication (UTC, both included) as a range of ``order``, if there are any."""
    last = last if last != date.max else None  # no day comes after it
    if first or last:
        least = least_order(_midnight(first)) if first else None
        most = least_order(_midnight(last + timedelta(days=1))) - 1 if last else None
        yield Query.range_query(schema(), "order", FieldType.Integer, least, most)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _counted(leaf: Leaf) -> tuple[str, str]:
    """The fields in which a leaf's words are counted."""
    return leaf.field, _COMMONER.get(leaf.field, leaf.field)


class Frequencies:
    """In how many stories of some shards each word of a query is."""

    def __init__(self, searchers: Sequence[Searcher], leaves: Sequence[Leaf]) -> None:
        self.stories = sum(searcher.num_docs for searcher in searchers)
        self._found = Counter[tuple[str, str]]()
        for field, word in {(field, word) for leaf in leaves for field in _counted(leaf) for word in leaf.words}:
            self._found[field, word] = sum(searcher.doc_freq(field, word) for searcher in searchers)

    def rarity(self, leaf: Leaf) -> float:
        """The inverse document frequency of a leaf's words in its field, as BM25 has it."""
        return sum(_rarity(self.stories, self._found[leaf.field, word]) for word in leaf.words)

    def overall(self, leaf: Leaf) -> float:
        """The inverse document frequency in the leaf's field or in texts, wherever the words are commoner."""
        commonest = (max(self._found[field, word] for field in _counted(leaf)) for word in leaf.words)
        return sum(_rarity(self.stories, found) for found in commonest)


def _rarity(stories: int, found: int) -> float:
    return math.log(1 + (stories - found + 0.5) / (found + 0.5))


class Compiler:
    """Makes tantivy queries for one part, with the frequencies of all parts instead of its own."""

    def __init__(self, searcher: Searcher, everywhere: Frequencies, leaves: Sequence[Leaf]) -> None:
        here = Frequencies([searcher], leaves)
        self._factors: Mapping[Leaf, float] = {
            leaf: everywhere.overall(leaf) / max(here.rarity(leaf), 1e-9) for leaf in set(leaves)
        }

    def query(self, wanted: Wanted, filters: Sequence[Query], least: int | None = None) -> Query:
        """Return the query of nodes; ``least`` of the scored ones suffice, if not all are needed."""
        occur = Occur.Must if least is None else Occur.Should
        scored = [(occur, self.node(node)) for node in wanted.scored]
        parts = [(Occur.Must, Query.boolean_query(scored, least))] if least and scored else scored
        parts += [(Occur.Must, Query.const_score_query(self.node(node), 0)) for node in wanted.filters]
        parts += [(Occur.Must, Query.const_score_query(each, 0)) for each in filters]
        parts += [(Occur.Should, self.node(node)) for node in wanted.preferred]
        if not parts:
            parts = [(Occur.Must, Query.all_query())]
        return Query.boolean_query([*parts, *((Occur.MustNot, self.node(node)) for node in wanted.excluded)])

    def node(self, node: Node) -> Query:
        if isinstance(node, Leaf):
            return self._leaf(node)
        nodes = [self.node(each) for each in node.nodes]
        if isinstance(node, AllOf):
            return Query.boolean_query([(Occur.Must, each) for each in nodes])
        return Query.disjunction_max_query(nodes, _TIE) if nodes else Query.empty_query()

    def _leaf(self, leaf: Leaf) -> Query:
        if len(leaf.words) == 1:
            query = Query.term_query(schema(), leaf.field, leaf.words[0], "freq")
        else:
            query = Query.phrase_query(schema(), leaf.field, list(leaf.words))
        if leaf.fixed:
            return query
        return Query.boost_query(query, leaf.weight * self._factors.get(leaf, 1.0))
