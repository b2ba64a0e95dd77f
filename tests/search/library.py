"""A small archive to search: stories with their articles in S3, indexed as one part of each month."""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dateline.article import Article, Image, Place, content_digest
from dateline.keys import identifiers
from dateline.search.index import manifest, part_file
from dateline.search.index.cache import Cache
from dateline.search.index.indexing import Indexing, put
from dateline.search.index.rebuild import SearchRebuild
from dateline.search.index.schema import Entry
from dateline.search.query.find import Search
from tests.conftest import Aws
from tests.support.samples import Newsroom


def article(title: str, text: str = "", **fields: Any) -> Article:
    """An invented story; its id is made of its headline."""
    places = tuple(Place(id, "", "ly") for id in fields.pop("places", ()))
    captions = tuple(Image("", caption) for caption in fields.pop("captions", ()))
    values = {"source": "sample", "outlet_country": "ly", "language": "en", "published_at": "2019-04-16T09:30:00+02:00"}
    return Article(
        id=identifiers.article_id(title),
        url=f"http://news.example.org/{identifiers.article_id(title)}",
        title=title,
        text=text,
        digest=content_digest(title, text),
        captured_at="2019-04-17T12:00:00.000Z",
        first_seen_at="2019-04-17T12:00:00.000Z",
        indexed_at="2019-04-17T12:01:00.000Z",
        revision=1,
        places=places,
        images=captions,
        **{**values, **fields},
    )


def store(aws: Aws, stories: Iterable[Article]) -> list[Entry]:
    """Put the articles into the archive bucket, and make their entries."""
    found = []
    for each in stories:
        line, key = gzip.compress(each.to_json().encode()), f"articles/{each.id}.jsonl.gz"
        aws.s3.put_object(Bucket=aws.archive, Key=key, Body=line)
        item = {
            **{name: value for name, value in each.to_dict().items() if value is not None},
            "places": [place.id for place in each.places],
            "about": list(each.about),
            "article": {"key": key, "offset": 0, "length": len(line)},
        }
        found.append(Entry.of(item, each))
    return found


def search(aws: Aws, folder: Path, *batches: Sequence[Article], **names: Any) -> Search:
    """Index batches of stories, each as a part of its months, and search them."""
    for batch in batches:
        months = defaultdict[str, list[Entry]](list)
        for entry in store(aws, batch):
            months[entry.month].append(entry)
        parts = {
            month: put(aws.s3, aws.archive, month, part_file.delta(month, found, ())) for month, found in months.items()
        }
        manifest.update(aws.s3, aws.archive, lambda there: there.adding(parts))  # noqa: B023
    return Search(aws.s3, aws.archive, Cache(folder), **names)


def searched(newsroom: Newsroom, folder: Path) -> Search:
    """Index all that a newsroom has archived, and search it."""
    aws, cache, query = newsroom.aws, Cache(folder), newsroom.query()
    indexing = Indexing(s3=aws.s3, index=newsroom.index, bucket=aws.archive, read=query.article)
    SearchRebuild(s3=aws.s3, query=query, indexing=indexing, bucket=aws.archive, cache=cache).run()
    return Search(aws.s3, aws.archive, cache)
