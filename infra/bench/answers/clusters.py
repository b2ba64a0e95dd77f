"""Copies of stories among many others: recall, precision, and cost for the table."""

import itertools
import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import mean
from typing import Any, cast

from rensa import RMinHash, RMinHashLSH

from dateline import instants
from dateline.article import Article
from dateline.index.clusters import Clusters, bands
from dateline.keys import item_keys
from dateline.similarity import minhash
from infra.bench.inputs.synthetic_stories import Piece, pieces
from infra.bench.models.table import CountingTable
from infra.bench.result import Result, Row, Target

METHOD = (
    "Made-up stories in four languages (infra/bench/inputs/synthetic_stories.py), one after the other by what the "
    "archive and the index do, on a table in memory that counts. Precision and recall are of pairs: in one cluster, "
    "and of one story. Reads are queries and batches, before an article is stored and after; time is CPU, of this "
    "bench's table for the most."
)
_SEEN = timedelta(minutes=30)  # after it was published
_READS = 20  # an article may take so many


@dataclass(slots=True)
class Run:
    """Results for articles in order: the cluster at archiving and the final cluster."""

    stored: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    cpu: float = 0.0  # seconds

    def row(self, name: str, clusters: Sequence[Hashable], stories: Sequence[int]) -> Row:
        precision, recall = score(clusters, stories)
        figures = {
            "precision": precision,
            "recall": recall,
            "reads_per_article": mean(self.reads or [0]),
            "most_reads": max(self.reads, default=0),
            "cpu_ms_per_article": 1000 * self.cpu / len(stories),
        }
        return Row(name, {name: round(figure, 4) for name, figure in figures.items()})


def run(*, count: int, rounds: int, pages: Path | None) -> Result:
    """Put ``count`` articles into clusters. The set is the same each time, so there is one round, of made-up pages."""
    del rounds, pages
    printed = pieces(count)
    stories, ours = [piece.story for piece in printed], settle(printed)
    rows = [ours.row("dateline", ours.settled, stories), ours.row("as stored in articles", ours.stored, stories)]
    for least in (0.5, 0.7):
        peer = Run()
        begun = time.process_time()
        clusters = by_jaccard(printed, least)
        peer.cpu = time.process_time() - begun
        rows.append(peer.row(f"rensa's LSH, Jaccard at least {least}", clusters, stories))
    return Result(bench="clusters", method=METHOD, rows=rows, targets=_targets(rows[0], ours.reads))


def _targets(row: Row, reads: Sequence[int]) -> list[Target]:
    tenth = max(1, len(reads) // 10)
    growth = mean(reads[-tenth:]) / mean(reads[:tenth])
    return [
        Target(what="pairs in one cluster that are of one story", ratio=row.figures["precision"], at_least=0.99),
        Target(what="pairs of one story that are in one cluster", ratio=row.figures["recall"], at_least=0.95),
        Target(
            what=f"{_READS} reads that an article may take, by the one that took most",
            ratio=max(reads) / _READS,
            at_most=1,
        ),
        Target(what="reads of the first tenth of the articles, by the last tenth", ratio=growth, at_most=1.05),
    ]


def settle(printed: Iterable[Piece]) -> Run:
    """Have each piece archived and indexed, as far as its cluster goes."""
    table, done = CountingTable(), Run()
    clusters = Clusters(cast("Any", table))  # a stand-in for the table that boto3 makes
    begun = time.process_time()
    for number, piece in enumerate(printed):
        table.calls.clear()
        done.stored.append(archive(clusters, table, article(piece, number)))
        done.reads.append(table.calls["Query"] + table.calls["BatchGetItem"])
    done.cpu = time.process_time() - begun
    stories = {item["id"]: item["cluster"] for item in table.items() if item["SK"] == item_keys.CURRENT}
    done.settled = [stories[id] for id in sorted(stories)]
    return done


def archive(clusters: Clusters, table: Any, article: Article) -> str:
    """Assign an article's cluster as archiving does; return the stored one."""
    (placed,) = clusters.place([article])
    for item in (_current(placed), *bands(placed)):
        table.put_item(Item=item)
    clusters.settle([placed])
    return str(placed.cluster)


def article(piece: Piece, number: int) -> Article:
    seen = instants.utc(piece.published + _SEEN)
    return Article(
        id=f"{number:026}",
        url="",
        title=piece.title,
        text=piece.text,
        digest="",
        published_at=instants.utc(piece.published),
        first_seen_at=seen,
        captured_at=seen,
        indexed_at=seen,
        fingerprint=str(minhash.of(piece.title, piece.text)),
    )


def _current(article: Article) -> dict[str, Any]:
    """A CURRENT item, as far as clusters read it."""
    read = ("id", "published_at", "first_seen_at", "captured_at")
    return {**item_keys.article(article.id), "cluster": article.id} | {name: getattr(article, name) for name in read}


def by_jaccard(printed: Sequence[Piece], least: float) -> list[int]:
    """Return clusters by the share of common passages of three words, in unfolded letters."""
    signed = [_signed(piece) for piece in printed]
    index = RMinHashLSH(threshold=least, num_perm=128, num_bands=32)
    index.insert_many(signed)
    homes = list(range(len(printed)))
    for number, found in enumerate(index.query_all(signed)):
        for other in found:
            if other < number and signed[number].jaccard(signed[other]) >= least:
                homes[_root(homes, number)] = _root(homes, other)
    return [_root(homes, number) for number in homes]


def _signed(piece: Piece) -> Any:
    words = f"{piece.title} {piece.text}".lower().split()
    hashed = RMinHash(num_perm=128, seed=1)
    hashed.update([" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))])
    return hashed


def _root(homes: Sequence[int], number: int) -> int:
    while homes[number] != number:
        number = homes[number]
    return number


def score(clusters: Sequence[Hashable], stories: Sequence[int]) -> tuple[float, float]:
    """Return precision and recall of pairs; 1 without pairs."""
    made, true = set(_pairs(clusters)), set(_pairs(stories))
    both = len(made & true)
    return both / len(made) if made else 1.0, both / len(true) if true else 1.0


def _pairs(labels: Iterable[Hashable]) -> Iterator[tuple[int, int]]:
    members = defaultdict(list)
    for number, label in enumerate(labels):
        members[label].append(number)
    for numbers in members.values():
        yield from itertools.combinations(numbers, 2)
