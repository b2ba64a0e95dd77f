"""Commands that SIGINT, SIGTERM or SIGKILL ends at any call to AWS: run again, they end as if nothing had happened."""

import json
import os
import resource
import signal
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dateline.cli.reading import export as exporting
from dateline.cli.stack import Stack
from dateline.importing.folders import files
from dateline.importing.importer import Importer
from dateline.importing.outlets import Outlets
from dateline.keys import object_keys
from dateline.maintenance import rebuild as rebuilding
from dateline.maintenance.reextract import Reextraction
from dateline.maintenance.withdraw import Withdrawing
from dateline.messages import ReextractMessage
from dateline.verify import Scope, Spool, Verification
from tests.archive.test_numbering import captures_of
from tests.conftest import Aws
from tests.maintenance.test_reextract import new
from tests.support import forked
from tests.support.imports import GAZETTE, stories
from tests.support.samples import Newsroom

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
POINTS = int(os.environ.get("DATELINE_SIGNAL_POINTS", "6"))  # of a command's calls, each with the next signal
ENDED = {signal.SIGINT: 130}  # as the command line has it; the others end a process themselves
NOW = datetime(2026, 11, 1, tzinfo=UTC)
WITHDRAWN = "http://news.example.org/ferry"


class Archive:
    """An archive of a few stories, and the operations; each writes what it prints, if anything, to ``output``."""

    def __init__(self, aws: Aws, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.aws, self.folder, self.output = aws, folder, folder / "output"
        self.newsroom = Newsroom(aws)
        aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
        self.captures = captures_of(self.newsroom, 4, seed=1)
        for key in self.captures:
            self.newsroom.archive().add(key)
        (folder / "a.warc").write_bytes(b"".join(stories(2)))
        stack = SimpleNamespace(query=self.newsroom.query, s3=aws.s3, capture_bucket=aws.captures)
        patch.setattr(rebuilding, "datetime", SimpleNamespace(now=lambda _: NOW))
        patch.setattr(Stack, "find", lambda _: stack)
        self.saved = self.objects(), self.newsroom.items()

    def objects(self) -> dict[tuple[str, str], bytes]:
        """The objects by bucket and key; not the instants of rebuilds, which are another run's."""
        found = {}
        for bucket in (self.aws.captures, self.aws.archive):
            for each in self.aws.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                body = self.aws.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                found[bucket, each["Key"]] = body
        return {where: body for where, body in found.items() if where[1] != object_keys.REBUILDS}

    def restore(self) -> None:
        """Make everything as it was before any operation."""
        objects, items = self.saved
        for bucket in (self.aws.captures, self.aws.archive):
            found = self.aws.s3.list_object_versions(Bucket=bucket)
            for each in (*found.get("Versions", []), *found.get("DeleteMarkers", [])):
                self.aws.s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
        for (bucket, key), body in objects.items():
            self.aws.s3.put_object(Bucket=bucket, Key=key, Body=body)
        self.aws.clear_table()
        with self.aws.table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)
        self.output.unlink(missing_ok=True)

    def state(self) -> Any:
        return self.objects(), self.newsroom.items(), self.output.read_bytes() if self.output.exists() else None

    def export(self) -> None:
        exporting.export(exporting.Format.JSONL, self.output)

    def imports(self) -> None:
        importer = Importer(self.aws.s3, self.aws.captures, Outlets([GAZETTE]))
        for name, pages in files(self.folder / "a.warc"):
            importer.add(name, pages)

    def rebuild(self) -> None:
        rebuilding.rebuild(self.aws.deployment, unarchived=pytest.fail, empty=True)

    def reextract(self) -> None:
        for key in self.captures:
            message = ReextractMessage(run="20190418T120000Z-test", key=key)
            Reextraction(self.newsroom.archive(extract=new)).reextract(message)

    def verify(self) -> None:
        path = self.folder / "spool.db"  # what --resume takes up
        with closing(Spool(path)) as spool:
            found = Verification(self.aws.deployment, spool, scope=Scope()).findings()
            self.output.write_text(json.dumps(sorted(map(str, found))))
        path.unlink()

    def withdraw(self) -> None:
        story = self.newsroom.query().story(WITHDRAWN)
        assert story
        Withdrawing(self.aws.deployment, clock=lambda: NOW).withdraw(story, "a court's order")


@pytest.fixture
def archive(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    return Archive(aws, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["export", "imports", "rebuild", "reextract", "verify", "withdraw"])
def test_interrupted_commands_end_the_same(archive: Archive, name: str) -> None:
    """Objects, items and output are those of a run that nothing ended; an output file is whole or not there."""
    operation: Callable[[], None] = getattr(archive, name)
    code, calls = forked.run(archive.aws, operation)
    assert code == 0
    wanted = archive.state()
    for point in range(POINTS):
        at, number = 1 + point * calls // POINTS, SIGNALS[point % len(SIGNALS)]
        archive.restore()
        assert forked.run(archive.aws, operation, at, number)[0] == ENDED.get(number, -number)
        if archive.output.exists():
            assert archive.output.read_bytes() == wanted[2]
        assert forked.run(archive.aws, operation)[0] == 0
        assert archive.state() == wanted, f"{name} ended by {number} at call {at} of {calls}"


@pytest.mark.parametrize("name", ["export", "verify"])
def test_full_disk_loses_nothing(archive: Archive, name: str) -> None:
    """A command that may write 2 kB fails, leaves no output and changes nothing; run again, it ends as any other."""
    operation: Callable[[], None] = getattr(archive, name)
    assert forked.run(archive.aws, operation)[0] == 0
    wanted = archive.state()
    archive.restore()
    before = archive.state()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
        operation()

    assert forked.run(archive.aws, limited)[0] == 1
    assert archive.state() == before
    assert forked.run(archive.aws, operation)[0] == 0
    assert archive.state() == wanted
