"""schemathesis holds the answers of every route against the OpenAPI document: a bounded run on loopback.

On a deployed function: ``schemathesis run URL/openapi.json --url URL``.
"""

import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from dateline.reader.serve import ReadingRoom
from dateline.search.watching import watches
from tests.reader.library import Room

pytestmark = pytest.mark.skipif(not find_spec("schemathesis"), reason="needs the extra `test`")
# An opaque cursor, a query and days may be of the right form and of no meaning: 400; a story may be gone: 404, 451.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "404", "451"]
[parameters]
"path.id" = "{id}"
"path.name" = "w"
"""


def test_answers_follow_the_document(room: Room, tmp_path: Path) -> None:
    """Each route's answers have the documented status, form and shape, and refuse what the document forbids."""
    watches.add(room.aws.s3, room.aws.archive, "w", "ferry", datetime(2019, 1, 1, tzinfo=UTC))
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(id=room.id("en")), "utf-8")
    with ReadingRoom(room.handle) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
        command += [f"{server.address}/openapi.json", "--url", server.address, "--phases", "coverage,fuzzing"]
        command += ["--max-examples", "3", "--seed", "1", "--generation-database", "none", "--request-timeout", "120"]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        server.shutdown()
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "Tested: 15" in ran.stdout
