"""A full disk: one line that names the file and the next step, and nothing half-done."""

import importlib
import io
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from dateline.aws import objects
from dateline.capture import read
from dateline.cli.reading import export as exporting
from dateline.importing.folders import files
from dateline.importing.importer import Importer
from dateline.importing.outlets import Outlets
from dateline.keys import object_keys
from dateline.messages import CrawlMessage
from infra.local import server, space
from spiders.cli import crawl_here
from tests.conftest import Aws
from tests.support.imports import GAZETTE, Import, page, record, response
from tests.support.outlet import Outlet, answer, item, rss
from tests.support.samples import Newsroom

main: Any = importlib.import_module("dateline.cli.main")  # the package has a function of this name
WRITES = {
    "a note of a spool": (
        "from pathlib import Path; from dateline.verify import Spool; spool = Spool(Path({path!r}))\n"
        "for number in range(20000): spool.note(str(number), 'x' * 100)"
    ),
    "a file": "from pathlib import Path; Path({path!r}).write_bytes(bytes(1 << 20))",
    "a spool": (
        "from pathlib import Path; from dateline.verify import Spool; spool = Spool(Path({path!r}))\n"
        "with spool.transaction():\n"
        "    for number in range(20000): spool.note(str(number), 'x' * 100)"
    ),
}


@pytest.mark.parametrize("writes", WRITES)
def test_full_disk_is_told(tmp_path: Path, writes: str) -> None:
    """A command that may write 256 kB and no more ends with one line on standard error."""
    path = str(tmp_path / "written")
    script = (
        "import importlib\nmain = importlib.import_module('dateline.cli.main')\n"
        f"def app() -> None:\n    exec({WRITES[writes].format(path=path)!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{script}main.app = app\nmain.run()"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    line = " ".join(done.stderr.split())  # wrapped for a terminal
    assert line.startswith("dateline: "), line
    assert line.endswith("free space, then run the command again")


@contextmanager
def full(aws: Aws, after: int) -> Iterator[None]:
    """The local cloud's answers on a full disk, which takes so many more objects."""
    left = after

    def refuse(*, model: Any, **_: Any) -> Any:
        nonlocal left
        if model.name != "PutObject":
            return None
        left -= 1
        error = {"Code": server.CODE, "Message": space.told(Path("/somewhere/.dateline"))}
        metadata = {"HTTPStatusCode": 507, "HTTPHeaders": {}, "RequestId": "sample"}
        answer = AWSResponse("", 507, {}, None)  # type: ignore[arg-type]
        return None if left >= 0 else (answer, {"Error": error, "ResponseMetadata": metadata})

    aws.s3.meta.events.register("before-call", refuse)
    try:
        yield
    finally:
        aws.s3.meta.events.unregister("before-call", refuse)


def failing(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_: Any) -> NoReturn:
        raise error

    return fail


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception) -> str:
    """What the command line says of an error, on one line."""

    def app() -> None:
        raise error

    monkeypatch.setattr(main, "app", app)
    with pytest.raises(SystemExit, match="1"):
        main.run()
    return " ".join(capsys.readouterr().err.split())


SAID = "dateline: no space is left for /somewhere/.dateline; free some, then run the command again"


@pytest.mark.parametrize("after", range(3))
def test_import_goes_on_with_space(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], after: int
) -> None:
    """WARC files stored before stay; imported again, each page is there once."""
    days = (f"2019-04-{day}T12:00:00Z" for day in (16, 17, 18))
    pages = [record(f"https://gazette.example/{n}", response(page(n)), WARC_Date=day) for n, day in enumerate(days)]
    (tmp_path / "a.warc").write_bytes(b"".join(pages))
    importer = Importer(aws.s3, aws.captures, Outlets([GAZETTE]))
    ((name, found),) = files(tmp_path / "a.warc")
    with full(aws, after), pytest.raises(ClientError) as raised:
        importer.add(name, found)
    assert told(monkeypatch, capsys, raised.value).endswith(SAID.removeprefix("dateline: "))
    bring = Import(aws)
    assert len(bring.captures()) == after
    (imported,) = bring(tmp_path / "a.warc")
    assert (imported.captured, imported.known) == (3 - after, after)
    assert sorted(each.url[-1] for captured in bring.captures().values() for each in captured) == ["0", "1", "2"]


@pytest.mark.parametrize("after", range(2))
def test_crawl_goes_on_with_space(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], after: int
) -> None:
    """``crawl --here`` ends with the line, whether a WARC file or the report was refused; the next one has all."""
    stack: Any = SimpleNamespace(
        s3=aws.s3, table=aws.table, capture_bucket=aws.captures, deployment=aws.deployment, sources=""
    )
    feed = answer(rss(item("/a"), item("/b")))
    with Outlet({"/feed": feed, "/a": answer("<h1>A"), "/b": answer("<h1>B")}) as outlet:
        source = outlet.source()
        message = CrawlMessage(source=source.id, crawl="20261020T060000Z-first")
        with full(aws, after), pytest.raises(ClientError) as raised:
            crawl_here(stack, message, source)
        assert told(monkeypatch, capsys, raised.value).endswith(SAID.removeprefix("dateline: "))
        crawl_here(stack, CrawlMessage(source=source.id, crawl="20261020T070000Z-second"), source)
    keys = objects.keys(aws.s3, bucket=aws.captures, prefix=object_keys.CAPTURES)
    bodies = (aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read() for key in keys)
    assert {each.url.rpartition("/")[2] for body in bodies for each in read(io.BytesIO(body))} == {"a", "b"}


def test_export_names_its_file(newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's error of a write names no file; nothing is left of it."""
    newsroom.archive().add(newsroom.capture(("a", "A story|Words.")))
    monkeypatch.setattr(exporting, "_write", failing(OSError(28, "No space left on device")))
    output = tmp_path / "stories.jsonl"
    with pytest.raises(OSError, match="No space left on device") as raised:
        exporting.export(exporting.Format.JSONL, output)
    assert main._of_full_disk(raised.value).startswith(f"{output} cannot be written")
    assert list(tmp_path.iterdir()) == []


def test_wacz_without_space_is_told(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A WACZ file that cannot be unpacked for lack of space is no damaged one."""
    with zipfile.ZipFile(tmp_path / "a.wacz", "w") as file:
        file.writestr("archive/a.warc", record("https://gazette.example/a", response(page())))
    bring = Import(aws)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", failing(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space left on device") as raised:
            bring(tmp_path / "a.wacz")
    assert main._of_full_disk(raised.value).endswith("free space, then run the command again")
    assert raised.value.filename
    (imported,) = bring(tmp_path / "a.wacz")
    assert (imported.captured, imported.damage) == (1, None)
