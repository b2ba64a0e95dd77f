"""The function of dispatch: which sources it dispatches."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Aws
from tests.spiders.runs.crawl_queue import Queue


def sample(folder: Path, name: str, **lines: str) -> None:
    values = {
        "name": f'"{name}"',
        "home": f'"https://{name}.example/"',
        "country": '"ly"',
        "languages": '["en"]',
        "timezone": '"Africa/Tripoli"',
        "feeds": f'["https://{name}.example/feed"]',
    }
    path = folder / "ly" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(f"{key} = {value}" for key, value in {**values, **lines}.items()))


@pytest.fixture
def handler(aws: Aws, queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The function's module, with five sample sources of which three can be crawled, one in a browser."""
    sample(tmp_path, "sample-gazette")
    sample(tmp_path, "sample-courier")
    sample(tmp_path, "sample-scripts", render="true")
    sample(tmp_path, "sample-refusing", access='"refused"')
    sample(tmp_path, "sample-feedless", feeds="[]")
    monkeypatch.setenv("DATELINE_TABLE", aws.table.name)
    monkeypatch.setenv("DATELINE_CRAWL_QUEUE", queue.url)
    monkeypatch.setenv("DATELINE_SOURCES", str(tmp_path))
    import dispatch  # noqa: PLC0415 (as Lambda imports it)

    dispatch.dispatcher.cache_clear()
    return dispatch.handler


@pytest.mark.parametrize(
    ("scheduled", "expected"),
    [
        ("sample-gazette", {"sample-gazette"}),
        ("sample-gazette,sample-courier", {"sample-gazette", "sample-courier"}),
        ("sample-refusing,sample-feedless,sample-gazette", {"sample-gazette"}),
    ],
)
def test_handler_dispatches_scheduled(
    queue: Queue, handler: Any, monkeypatch: pytest.MonkeyPatch, scheduled: str, expected: set[str]
) -> None:
    """The handler dispatches what is scheduled and can be crawled."""
    monkeypatch.setenv("DATELINE_SCHEDULED", scheduled)
    assert set(handler({}, Context())["sources"]) == expected
    assert {message["source"] for message in queue.take()} == expected


@pytest.mark.parametrize(("render", "expected"), [("", {"sample-gazette"}), ("yes", {"sample-scripts"})])
def test_browser_sources_for_render(
    handler: Any, monkeypatch: pytest.MonkeyPatch, render: str, expected: set[str]
) -> None:
    """A source that needs a browser is for the render stack alone."""
    monkeypatch.setenv("DATELINE_SCHEDULED", "sample-gazette,sample-scripts")
    monkeypatch.setenv("DATELINE_RENDER", render)
    assert set(handler({}, Context())["sources"]) == expected


class Context:
    """As much of the Lambda context as the logger reads."""

    function_name = "dispatch"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:dispatch"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
