"""State of the rounds of each shard, in one item: what dispatch sent, what was answered, and who died.

A round is answered once all its pieces are done; a round that killed its function twice is split into two pieces.
Dispatch writes ``sent`` alone, and only while the shard is idle; the crawl function writes the rest, one delivery of a
shard at a time (the queue is FIFO), so plain writes suffice.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline import instants
from dateline.keys import item_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_ANSWERED = 7  # names kept; between two rounds of dispatch are the continuation and crawls asked for by hand
LOST_AFTER = timedelta(hours=6)  # five deliveries take three at most; then the message is a dead letter


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundState:
    """A shard's rounds by name.

    ``sent`` is the last one of dispatch, ``answered`` are the last ones done or split, ``open`` pieces still to crawl.
    ``piece`` was begun last, and is ``running`` unless it ended in order; ``deaths`` are its deliveries that did not.
    """

    sent: str = ""
    sent_at: str = ""
    answered: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    piece: str = ""
    running: bool = False
    deaths: int = 0

    def waits(self, now: datetime) -> bool:
        """Return whether the round sent last is unanswered, and not lost."""
        unanswered = self.sent not in self.answered or bool(self.open)
        return unanswered and now - datetime.fromisoformat(self.sent_at or "2000-01-01T00:00Z") < LOST_AFTER


class Rounds:
    """The rounds of all shards in the table; methods block."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def waiting(self, pool: str, now: datetime) -> set[str]:
        """Return the shards whose last round is unanswered; ``pool`` as in ``sources.crawl_shards``."""
        partition = item_keys.rounds("")["PK"]
        answer = self._table.query(KeyConditionExpression=Key("PK").eq(partition), ConsistentRead=True)
        # One page of 1 MB holds the items of a thousand shards.
        waiting = {str(item["SK"]) for item in answer["Items"] if _state(item).waits(now)}
        return {shard for shard in waiting if shard.rpartition("-")[0] == pool.rstrip("-")}

    def sent(self, shard: str, round_: str, at: datetime) -> None:
        """Record a round, after sending it."""
        self._set(shard, sent=round_, sent_at=instants.utc(at, "seconds"))

    def begin(self, shard: str, piece: str, deliveries: int) -> int:
        """Record that a piece begins, and return how many of its earlier deliveries died."""
        before = self._get(shard) if deliveries > 1 else RoundState()
        deaths = before.deaths + before.running if before.piece == piece else 0
        deaths = min(deaths, deliveries - 1)
        self._set(shard, piece=piece, running=True, deaths=deaths)
        return deaths

    def stop(self, shard: str) -> None:
        """Record that the piece ended in order, but is not done."""
        self._set(shard, running=False)

    def split(self, shard: str, children: list[str]) -> None:
        """Record the pieces of a round, before sending them."""
        found = self._get(shard).open
        self._set(shard, open=[*found, *(child for child in children if child not in found)])

    def answer(self, shard: str, round_: str, piece: str) -> None:
        """Record that a piece of a round is done, or has been split."""
        before = self._get(shard)
        answered = [each for each in before.answered if each != round_][-_ANSWERED:]
        left = [each for each in before.open if each != piece]
        self._set(shard, answered=[*answered, round_], open=left, running=False)

    def _get(self, shard: str) -> RoundState:
        found: Any = self._table.get_item(Key=item_keys.rounds(shard), ConsistentRead=True).get("Item")
        return _state(found or {})

    def _set(self, shard: str, **values: Any) -> None:
        self._table.update_item(
            Key=item_keys.rounds(shard),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )


def _state(item: Any) -> RoundState:
    known = {name: item[name] for name in asdict(RoundState()) if name in item}
    return RoundState(**known | ({"deaths": int(known["deaths"])} if "deaths" in known else {}))
