"""``dateline open`` and ``dateline cite``."""

import http.client
import json
import threading
from collections.abc import Iterator

import pytest
import rispy
from botocore.exceptions import EndpointConnectionError

from dateline.keys import identifiers
from dateline.reader.app import answer
from dateline.reader.library import Library
from dateline.reader.serve import ReadingRoom
from tests.cli.conftest import Command
from tests.support.samples import Newsroom

URL = "http://news.example.org/a"
STORY = f"/stories/{identifiers.article_id(URL)}"


@pytest.fixture
def stocked(newsroom: Newsroom) -> Newsroom:
    """An archive of one story."""
    newsroom.archive().add(newsroom.capture(("a", "عودة العبّارة dated|وصلت العبّارة.")))
    return newsroom


@pytest.fixture
def served(stocked: Newsroom) -> Iterator[ReadingRoom]:
    """The reading room on a free port."""

    def no_search() -> None:
        raise AssertionError("nothing here searches")

    library = Library(stocked.aws.deployment, no_search)  # type: ignore[arg-type]
    with ReadingRoom(answer(library)) as room:
        thread = threading.Thread(target=room.serve_forever, daemon=True)
        thread.start()
        yield room
        room.shutdown()
        thread.join()


def ask(room: ReadingRoom, method: str, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", room.server_port, timeout=60)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    found = reply.status, reply.headers, reply.read()
    connection.close()
    return found


def test_room_answers_on_loopback(served: ReadingRoom) -> None:
    """The room listens on the loopback address and answers as the function does."""
    assert served.server_address[0] == "127.0.0.1"
    status, headers, body = ask(served, "GET", f"{STORY}?format=json")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body)["url"] == URL
    assert f"{served.address}{STORY}" in headers["Link"]
    etag = headers["ETag"]
    assert ask(served, "GET", f"{STORY}?format=json", **{"If-None-Match": etag})[::2] == (304, b"")


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1", "127.0.0.1.rebound.example:80"])
def test_other_hosts_are_refused(served: ReadingRoom, host: str) -> None:
    """A page of another site that has its name point here reads nothing."""
    status, headers, _ = ask(served, "GET", STORY, Host=host)
    assert (status, headers["Content-Type"]) == (421, "application/problem+json")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 405), ("DELETE", 405)])
def test_room_only_reads(served: ReadingRoom, method: str, status: int) -> None:
    """It answers GET and HEAD, and nothing that writes."""
    assert ask(served, method, STORY)[0] == status


@pytest.mark.parametrize("options", [(), ("--no-browser",)])
def test_open_prints_address_until_interrupted(
    stocked: Newsroom, dateline: Command, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """The command prints the address, opens a browser unless asked not to, and ends on Ctrl-C."""
    assert stocked
    opened: list[str] = []

    def interrupted(_: ReadingRoom) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(ReadingRoom, "serve_forever", interrupted)
    result = dateline("open", *options)
    assert result.exit_code == 0
    (address,) = result.stdout.split()
    assert address.startswith("http://127.0.0.1:")
    assert opened == ([] if options else [address])


def test_open_names_taken_port(served: ReadingRoom, dateline: Command) -> None:
    """A port in use is an error with the next step."""
    result = dateline("open", "--no-browser", "--port", str(served.server_port))
    assert result.exit_code == 1
    assert "--port" in str(result.exception)


def test_cite_prints_each_format(stocked: Newsroom, dateline: Command) -> None:
    """A citation by URL or id, in each format, with the title in its script."""
    assert stocked
    for form in ("text", "bibtex", "csl-json"):
        result = dateline("cite", URL, "--format", form)
        assert result.exit_code == 0
        assert "عودة العبّارة" in result.stdout
    (entry,) = rispy.loads(dateline("cite", URL, "--format", "ris", "--revision", "1").stdout)
    assert entry["title"] == "عودة العبّارة dated"


@pytest.mark.parametrize("arguments", [("nothing",), (URL, "--revision", "7")])
def test_cite_names_what_is_missing(stocked: Newsroom, dateline: Command, arguments: tuple[str, ...]) -> None:
    """An unknown story or revision is an error that says so."""
    assert stocked
    result = dateline("cite", *arguments)
    assert result.exit_code == 1
    assert "has no" in str(result.exception)


def test_silent_stack_is_problem() -> None:
    """Without an answer of the stack, a page says so, with status 503."""

    def unanswered(*_: object) -> dict[str, object]:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with ReadingRoom(unanswered) as room:
        thread = threading.Thread(target=room.serve_forever, daemon=True)
        thread.start()
        status, headers, body = ask(room, "GET", "/stories")
        room.shutdown()
        thread.join()
    assert (status, headers["Content-Type"]) == (503, "application/problem+json")
    assert json.loads(body)["detail"].startswith("the archive does not answer")
