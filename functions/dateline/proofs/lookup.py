"""Where a record's leaf is: the day of the tree, and the place in it."""

from collections import OrderedDict
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from dateline.proofs.trees import Tree, Trees

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEPT = 8  # trees in memory, of some megabytes each
_DAY = timedelta(days=1)  # clocks differ


class Place(NamedTuple):
    """A leaf's tree and its place in it."""

    tree: Tree
    number: int


class Lookup:
    """Finds leaves in the trees of a capture bucket; it keeps some trees."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._trees = Trees(s3, bucket)
        self.days = self._trees.days()
        self._kept = OrderedDict[str, Tree]()

    def find(self, leaf: bytes, captured: date, near: date) -> Place | None:
        """Return the place of a leaf with this hash, or None.

        It is searched for in the trees since the day before its capture, those next to ``near`` first.
        """
        days = [day for day in map(date.fromisoformat, self.days) if day >= captured - _DAY]
        for day in sorted(days, key=lambda day: (abs(day - near), day)):
            tree = self.tree(f"{day}")
            index = tree.place_of(leaf)
            if index is not None:
                return Place(tree, index)
        return None

    def tree(self, day: str) -> Tree:
        """Return the tree of a day, from memory if it was asked for before."""
        found = self._kept.pop(day, None) or self._trees.tree(day)
        self._kept[day] = found
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found
