"""Read articles or captures of an export, several at once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from botocore.exceptions import ClientError

from dateline.aws.prefetch import ahead
from dateline.capture import DamagedCaptureError
from dateline.query.query import Query
from dateline.story import StoryItem

T = TypeVar("T")

_NOT_THERE = {"NoSuchKey", "InvalidRange"}


@dataclass(slots=True)
class Export:
    """The stories of an export; ``about`` is the query in words.

    ``done`` counts the exported stories, ``unread`` lists the ids of stories missing from S3.
    """

    query: Query
    stories: Iterable[StoryItem]
    about: str
    done: int = 0
    unread: list[str] = field(default_factory=list)

    def read(self, read: Callable[[StoryItem], T]) -> Iterator[tuple[StoryItem, T]]:
        """Yield each story with the result of ``read``, in order; skip unreadable ones."""
        for story, found in ahead(lambda story: (story, _found(read, story)), self.stories):
            if found is None:
                self.unread.append(story["id"])
            else:
                self.done += 1
                yield story, found


def _found(read: Callable[[StoryItem], T], story: StoryItem) -> T | None:
    try:
        return read(story)
    except DamagedCaptureError:
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return None
