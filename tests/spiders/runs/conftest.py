"""What the tests of dispatch share."""

import pytest

from tests.conftest import Aws
from tests.spiders.runs.crawl_queue import Queue


@pytest.fixture
def queue(aws: Aws) -> Queue:  # noqa: ARG001 (moto)
    return Queue()
