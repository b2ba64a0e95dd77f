"""Dateline: a serverless archive of regional news.

The library of the Lambda functions, the spiders and the command line. Data flows one way:

    source -> dispatch -> crawl -> capture -> extract -> article -> index -> query

Python users start with ``connect`` and ``extract``. Names are imported on first use, because each Lambda function
imports this module too.
"""

import importlib
from typing import TYPE_CHECKING

from dateline.version import __version__

if TYPE_CHECKING:
    from dateline.api.archive import Archive, NotFoundError, WithdrawnError
    from dateline.api.connect import connect
    from dateline.api.extract import extract
    from dateline.api.stories import Stories
    from dateline.article import Article, Extraction, Outcome
    from dateline.aws.stack import NotConnectedError
    from dateline.story import Story

_MODULES = {
    "Archive": "dateline.api.archive",
    "Article": "dateline.article",
    "Extraction": "dateline.article",
    "NotConnectedError": "dateline.aws.stack",
    "NotFoundError": "dateline.api.archive",
    "Outcome": "dateline.article",
    "Stories": "dateline.api.stories",
    "Story": "dateline.story",
    "WithdrawnError": "dateline.api.archive",
    "connect": "dateline.api.connect",
    "extract": "dateline.api.extract",
}

__all__ = [
    "Archive",
    "Article",
    "Extraction",
    "NotConnectedError",
    "NotFoundError",
    "Outcome",
    "Stories",
    "Story",
    "WithdrawnError",
    "__version__",
    "connect",
    "extract",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
