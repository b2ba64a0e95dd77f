"""``python -m infra.local.edition 2``: the sample newsroom publishes its next edition, and every page of it is due.

A story is corrected, others are taken down. The stories are of 2019, and so are looked at rarely; here they are as
good as new, so that the next crawl finds what changed.
"""

import sys
from dataclasses import replace
from pathlib import Path

from dateline.aws import dynamodb
from dateline.keys import item_keys
from dateline.state.crawl_state import CrawlState
from infra.local.cloud import FOLDER, connect
from infra.newsroom import set_edition

_LONG_AGO = "2019-05-01T00:00:00Z"


def publish(folder: Path, edition: int) -> int:
    """Have the newsroom of a local cloud serve an edition from now on; return how many pages are due.

    Raises LocalCloudError if no local cloud runs in the folder.
    """
    cloud = connect(folder)
    set_edition(cloud.folder / "newsroom", edition)
    states = CrawlState(cloud.deployment)
    samples = {path.stem for path in cloud.sources.rglob("*.toml")}
    state = item_keys.url_state("http://example.org/")["SK"]
    urls = [item["url"] for item in dynamodb.scan(cloud.deployment.table) if item["SK"] == state]
    pages = [state for state in states.urls(urls).values() if state.found and state.source in samples]
    states.save_urls([replace(page, due=_LONG_AGO) for page in pages])
    return len(pages)


if __name__ == "__main__":
    publish(FOLDER, int(sys.argv[1]))
