"""A server whose lines end in LF, from its feed to the archive: no word of it is lost."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dateline.capture import payload_digest
from dateline.keys import crawl_names
from dateline.state.crawl_state import CrawlState
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.support.outlet import Answer, Outlet, crawl, item, rss
from tests.support.samples import Newsroom

SOURCE = "sample-gazette"


def in_lines(body: str, end: str, status: str = "200 OK", **headers: str) -> Answer:
    named = "".join(f"{name.replace('_', '-')}: {value}{end}" for name, value in headers.items())
    length = f"Content-Length: {len(body.encode())}{end}"
    return Answer(f"HTTP/1.1 {status}{end}Content-Type: text/html; charset=utf-8{end}{named}{length}\n{body}".encode())


def mixed(body: str, **headers: str) -> Answer:
    """An answer whose status line ends in CRLF and whose headers end in LF."""
    data = in_lines(body, "\n", **headers).data
    return Answer(data.replace(b"\n", b"\r\n", 1))


@pytest.mark.parametrize("serve", [lambda body: in_lines(body, "\n"), mixed], ids=["LF", "mixed"])
def test_corrected_story_is_second_revision(aws: Aws, serve: Callable[[str], Answer]) -> None:
    """A correction at a server of bare line feeds is archived as revision 2, with its words."""
    first, second = "Ferry sails|The ferry sails at noon.", "Ferry sails|Correction: the ferry sails at ten."
    newsroom, captures = Newsroom(aws, source=SOURCE), list[str]()
    with Outlet({"/feed": serve(rss(item("/a", title="Ferry")))}) as outlet:
        for number, words in enumerate((first, second)):
            outlet.routes |= {"/a": serve(words), "/feed": serve(rss(item("/a", title=f"Ferry, edition {number}")))}
            name = crawl_names.crawl_name(datetime(2026, 10, 20, 6 + number, tzinfo=UTC), "test")
            store = BucketStore(aws.s3, aws.captures, source=SOURCE, crawl=name)
            captures += crawl(outlet.source(), store=store, state=CrawlState(aws.deployment)).captures
            (page,) = newsroom.archive().add(captures[-1])
            assert (page.outcome, page.revision) == ("archived", number + 1)


def test_digest_is_of_the_body() -> None:
    """The payload of a message with LF heads is its body, not nothing."""
    data = in_lines("The well is open.", "\n").data
    assert payload_digest(data) == payload_digest(b"HTTP/1.1 200 OK\r\n\r\nThe well is open.")
    assert payload_digest(data) != payload_digest(b"HTTP/1.1 200 OK\r\n\r\n")
