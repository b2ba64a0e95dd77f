"""A model on paper: objects, calls, hours and dollars of archives of a million stories and more.

All from ``measured`` and ``prices``, for the workload of ``dateline cost``. Hours are those of one process; maintenance
over shards divides them by the number of shards that run at once.
"""

from typing import NamedTuple

from dateline.cost import measured, model, prices
from dateline.cost.model import Workload
from dateline.cost.prices import Price

SIZES = (1_000_000, 10_000_000, 100_000_000)
_HOUR = 3600
_KEYS = 1000  # of a LIST
_IMPORT = 0.15  # dollars per GB of DynamoDB's import from S3
_WRITES_A_CALL = 25  # of BatchWriteItem
_READ_SECONDS = 0.004  # CPU of a page's records read and hashed: 300 captures a second (infra/bench)


class Size(NamedTuple):
    """An archive of so many stories with their looks; ``gigabytes`` are of S3, hours of one process."""

    stories: int
    objects: float
    gigabytes: float
    table_gigabytes: float
    write_units: float
    list_calls: float
    reextract_hours: float
    verify_hours: float
    rebuild_hours: float
    first_year_dollars: float
    storage_dollars_a_month: float
    verify_dollars: float
    rebuild_dollars: float
    import_dollars: float


def of(stories: int, work: Workload | None = None) -> Size:
    """Return the model of an archive of so many stories."""
    work = work or Workload()
    pages = stories * (1 + work.looks)
    files, edits = pages * work.files, stories * work.edits
    reports = stories * work.crawls_a_day / work.stories_a_day
    objects = 2 * files + stories * work.files + reports  # WARC files and outcomes, articles, crawl reports
    writes = (stories + edits) * (measured.STORY.write_units + model.places())
    table = stories * model.table_bytes(work) / 1e9
    verify = pages * _READ_SECONDS + files * 3 * measured.CALL_SECONDS
    rebuild = (
        pages * _READ_SECONDS + files * 3 * measured.CALL_SECONDS + writes / _WRITES_A_CALL * measured.CALL_SECONDS
    )
    gigabytes = stories * sum(model.s3_bytes(work)) / 1e9
    month = sum(model.dollars(model.storage(work, 1), work, stories).values())
    return Size(
        stories=stories,
        objects=objects,
        gigabytes=gigabytes,
        table_gigabytes=table,
        write_units=writes,
        list_calls=objects / _KEYS,
        reextract_hours=(stories + edits) * measured.EXTRACT_SECONDS / _HOUR,
        verify_hours=verify / _HOUR,
        rebuild_hours=rebuild / _HOUR,
        first_year_dollars=stories / model.MILLION * sum(model.per_million(work).values()),
        storage_dollars_a_month=month,
        verify_dollars=_compute(verify) + objects * prices.DOLLARS[Price.S3_GET],
        rebuild_dollars=_compute(rebuild)
        + objects * prices.DOLLARS[Price.S3_GET]
        + writes * prices.DOLLARS[Price.TABLE_WRITE],
        import_dollars=_compute(verify) + table * _IMPORT,
    )


def _compute(seconds: float) -> float:
    return seconds * measured.EXTRACT_MEMORY * prices.DOLLARS[Price.LAMBDA_COMPUTE]
