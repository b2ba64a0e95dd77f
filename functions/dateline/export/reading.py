"""Reading what the stories of an export point at, several at once."""

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
    """What is exported, and ``about`` what that is, in words.

    ``done`` is how many stories it has so far, ``unread`` the ids of those that are not where the index says.
    """

    query: Query
    stories: Iterable[StoryItem]
    about: str
    done: int = 0
    unread: list[str] = field(default_factory=list)

    def read(self, read: Callable[[StoryItem], T]) -> Iterator[tuple[StoryItem, T]]:
        """Each story with what was read of it, in order; without those of which nothing could be."""
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
