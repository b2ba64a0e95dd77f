"""``dateline extract``: an answer for each page, in order, whatever it holds."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from dateline.extraction import batch
from dateline.importing.answers import from_paths as answers_of_files

TEXT = "The pump at the old well was mended on Tuesday, and the queue for water in the lower town was gone by noon."
URL = "https://x.example/news/the-well"
HTML = f"""<html lang="en"><head><meta charset="windows-1256"><title>The well is mended</title>
<link rel="canonical" href="{URL}"><meta name="date" content="2019-04-16T09:00"></head>
<body><h1>The well is mended</h1><p>{TEXT}</p><p>“Water again!” said the baker, and {TEXT}</p></body></html>"""


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, list[dict[str, Any]]]:
    """Exit status and answers of the command."""
    command = [sys.executable, "-m", "dateline", "extract", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()]


def line(**values: Any) -> str:
    return json.dumps({"page": "p", "url": URL, "html": HTML} | values)


def test_json_lines_in_order() -> None:
    """JSON lines one for each in order."""
    lines = [line(page=1), "not json", "", line(page=[2], html=None), line(page=3, html="<p>x")]
    status, answers = run("-", stdin="\n".join(lines).encode())
    assert status == 1
    assert [(answer["page"], answer["outcome"]) for answer in answers] == [
        (1, "archived"),
        (None, "quarantined"),
        ([2], "quarantined"),
        (3, "not_article"),
    ]
    assert [answer["reason"] for answer in answers[1:]] == [
        "not a JSON line: Expecting value: line 1 column 1 (char 0)",
        "not a page: TypeError: html and url are texts",
        "no title",
    ]
    assert answers[0]["text"].startswith(TEXT)
    assert "“Water again!”" in answers[0]["text"]  # html is text: what its meta tag says of a charset is of no account


def test_exit_status_when_examined() -> None:
    """Exit status of pages that could all be examined."""
    assert run("-", stdin=line(html="<p>x").encode())[0] == 0


ODD: dict[str, tuple[str | bytes, str]] = {
    "a list": ("[]", "the line is no JSON object"),
    "no url": ('{"page": 1, "html": "x"}', "html and url are texts"),
    "another scheme": (line(url="ftp://x.example/a"), "BadAddressError"),
    "a bad date": (line(captured_at="yesterday"), "yesterday"),
    "a date that is no text": (line(captured_at=7), "TypeError"),
    "invalid UTF-8": (b'{"page": "\xff"}', "not a JSON line"),
    "brackets without end": ("[" * 100_000, "not a JSON line"),
    "a bad zone": (line(timezone="Mars/Olympus"), "Mars/Olympus"),
}


@pytest.mark.parametrize("name", ODD)
def test_invalid_line_is_quarantined(name: str) -> None:
    """A line that is no page."""
    text, reason = ODD[name]
    (answer,) = batch.from_lines([text])
    assert answer["outcome"] == "quarantined"
    assert reason in answer["reason"]


def test_lone_surrogates_survive() -> None:
    """Lone surrogates go in and out."""
    status, answers = run("-", stdin=line(page="\ud800", html=HTML.replace("baker", "bak\udfffer")).encode())
    assert (status, answers[0]["page"]) == (0, "\ud800")


def test_line_facts_are_used() -> None:
    """What a line knows of its page."""
    (answer,) = batch.from_lines([line(timezone="Africa/Tripoli", country="ly", captured_at="2019-04-17")])
    assert answer["published_at"] == "2019-04-16T09:00:00+02:00"
    assert answer["outlet_country"] == "ly"
    (early,) = batch.from_lines([line(captured_at="2019-04-15T00:00:00Z", feed_date="2019-04-14T08:00:00Z")])
    assert early["published_at"] == "2019-04-14T08:00:00+00:00"


def test_files_in_name_order(tmp_path: Path) -> None:
    """Files and folders in name order."""
    (tmp_path / "b").mkdir()
    for name in ("c.html", "a.html", "b/1.htm"):
        (tmp_path / name).write_bytes(HTML.replace("windows-1256", "utf-8").encode())
    (tmp_path / "d.html").write_bytes(b"<h1>No address</h1>")
    (tmp_path / "e.html").write_bytes(b"")
    status, answers = run(str(tmp_path), "--source-timezone", "Africa/Tunis", "--captured-at", "2019-04-17T00:00:00Z")
    assert status == 1
    assert [(Path(answer["path"]).name, answer["outcome"]) for answer in answers] == [
        ("a.html", "archived"),
        ("1.htm", "archived"),
        ("c.html", "archived"),
        ("d.html", "quarantined"),
        ("e.html", "not_article"),
    ]
    assert answers[0]["published_at"] == "2019-04-16T09:00:00+01:00"
    assert answers[3]["reason"] == "the page does not say its URL; give it with --url"


@pytest.mark.parametrize("packed", [False, True])
def test_captures(tmp_path: Path, packed: bool) -> None:
    raw = io.BytesIO()
    writer = WARCWriter(raw, gzip=packed)
    for address in (URL, "https://x.example/gone"):
        status = "200 OK" if address == URL else "410 Gone"
        head = StatusAndHeaders(status, [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(address, "response", payload=io.BytesIO(HTML.encode()), http_headers=head)
        )
    path = tmp_path / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(raw.getvalue())
    answers = list(answers_of_files([path]))
    assert [answer["outcome"] for answer in answers] == ["archived", "gone"]
    assert answers[0]["offset"] == 0 < answers[1]["offset"]
    path.write_bytes(raw.getvalue()[:400])
    assert [answer["outcome"] for answer in answers_of_files([path])] == ["quarantined"]


@pytest.mark.parametrize(
    "arguments", [["nowhere.html"], ["-", "--source-timezone", "Mars/Olympus"], ["-", "--captured-at", "soon"], []]
)
def test_wrong_usage_on_stderr(arguments: list[str]) -> None:
    """Wrong usage is told on standard error."""
    command = [sys.executable, "-m", "dateline", "extract", *arguments]
    done = subprocess.run(command, input=b"", capture_output=True, check=False)
    assert done.returncode in {1, 2}
    assert done.stdout == b""
    assert done.stderr
    assert b"Traceback" not in done.stderr


def test_gzip_page_is_read(tmp_path: Path) -> None:
    """A page saved as the compressed bytes of an answer, without its Content-Encoding, is read as the page."""
    path = tmp_path / "a.html"
    path.write_bytes(gzip.compress(HTML.encode()))
    assert [answer["outcome"] for answer in answers_of_files([path])] == ["archived"]
