"""One reading room for all tests of a module: they only read."""

from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from tests.conftest import ROOT, emulated
from tests.reader import library
from tests.reader.library import Room


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    template: dict[str, Any] = load(str(ROOT / "template.yaml"))
    with emulated(template) as aws:
        yield library.room(aws, tmp_path_factory.mktemp("search"))
