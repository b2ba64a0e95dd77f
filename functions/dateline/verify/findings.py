"""Findings: kind of damage, location and remedy."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of findings; each has a remedy."""

    DAMAGED_CAPTURE = "damaged capture"
    NO_CAPTURE = "missing capture"
    DAMAGED_CRAWL = "damaged crawl report"
    NO_OUTCOMES = "missing outcomes"
    DAMAGED_OUTCOMES = "damaged outcomes"
    WRONG_OUTCOMES = "outcomes in contradiction with the capture"
    NO_ARTICLES = "missing articles"
    DAMAGED_ARTICLES = "damaged articles"
    WRONG_ARTICLES = "articles in contradiction with capture or outcomes"
    ORPHAN_ARTICLES = "unreferenced articles"
    NO_QUARANTINE = "missing quarantine report"
    ORPHAN_QUARANTINE = "quarantine report without a page"
    NOT_REMOVED = "withdrawn page still present"
    STRAY = "foreign object"
    WRONG_TREE = "daily tree in contradiction with the captures"
    NO_ITEM = "missing index item"
    WRONG_ITEM = "index item in contradiction with the objects"
    ORPHAN_ITEM = "index item without an object"
    WRONG_CLUSTER = "stories in contradiction about their cluster"
    WRONG_COUNTERS = "counters with a wrong sum"

    @property
    def of_table(self) -> bool:
        """Whether it is found by the comparisons at the end, which a resumed run makes again."""
        return self in {
            Kind.WRONG_TREE,
            Kind.NO_ITEM,
            Kind.WRONG_ITEM,
            Kind.ORPHAN_ITEM,
            Kind.WRONG_CLUSTER,
            Kind.WRONG_COUNTERS,
        }


_RESTORE = "restore the version before: aws s3api list-object-versions --bucket {bucket} --prefix {key}"
_REMOVE = "inspect and remove it: aws s3 rm s3://{bucket}/{key}"
_AGAIN = "dateline reextract {captures}"
_RECOUNT = "delete the DAY item and the DONE items of that source and day, then dateline rebuild"
_MENDS = {
    Kind.DAMAGED_CAPTURE: _RESTORE,
    Kind.NO_CAPTURE: _RESTORE,
    Kind.DAMAGED_CRAWL: _RESTORE,
    Kind.NO_OUTCOMES: _AGAIN,
    Kind.DAMAGED_OUTCOMES: f"aws s3 rm s3://{{bucket}}/{{key}}, then {_AGAIN}",
    Kind.WRONG_OUTCOMES: f"if the capture is sound: aws s3 rm s3://{{bucket}}/{{key}}, then {_AGAIN}",
    Kind.NO_ARTICLES: _AGAIN,
    Kind.DAMAGED_ARTICLES: f"aws s3 rm s3://{{bucket}}/{{key}}, then {_AGAIN}",
    Kind.WRONG_ARTICLES: f"if the capture is sound: aws s3 rm s3://{{bucket}}/{{key}}, then {_AGAIN}",
    Kind.ORPHAN_ARTICLES: _REMOVE,
    Kind.NO_QUARANTINE: _AGAIN,
    Kind.ORPHAN_QUARANTINE: _REMOVE,
    Kind.NOT_REMOVED: "dateline withdraw {story}, to continue",
    Kind.STRAY: _REMOVE,
    Kind.WRONG_TREE: f"compare with published roots and stamps, then {_RESTORE}",
    Kind.NO_ITEM: _AGAIN,
    Kind.WRONG_ITEM: _AGAIN,
    Kind.ORPHAN_ITEM: "if no object is wrong: aws dynamodb delete-item --table-name {bucket} --key '{key}'",
    Kind.WRONG_CLUSTER: f"delete the cluster's items and the CURRENT items of its stories, then {_AGAIN}",
    Kind.WRONG_COUNTERS: _RECOUNT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem.

    ``where`` is the bucket or the table, ``key`` the key of the object or item (as DynamoDB's JSON), ``offset`` the
    position in the object, if known. ``captures`` are the keys of the WARC files concerned, ``story`` is the id of a
    withdrawn story.
    """

    kind: Kind
    where: str
    key: str
    detail: str
    offset: int | None = None
    captures: tuple[str, ...] = ()
    story: str = ""

    @property
    def mend(self) -> str:
        """Return the remedy: a command, if one is enough."""
        captures = " ".join(f"--key {key}" for key in self.captures)
        return _MENDS[self.kind].format(bucket=self.where, key=self.key, captures=captures, story=self.story)
