"""What a function's handler loads, for each module costs its cold start."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# The packages of later stages, and the libraries that these bring.
_LATER = ("archive", "index", "query", "extraction", "places", "similarity", "maintenance", "dataset", "cli", "api")
LATER = {f"dateline.{stage}" for stage in _LATER} | {"rensa", "trafilatura", "ahocorasick_rs"}


def loaded(handler: str) -> set[str]:
    """Return the modules in ``sys.modules`` once a handler is imported, as a function imports it."""
    code = f"import json, sys; import {handler}; print(json.dumps(sorted(sys.modules)))"
    variables = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_TRACE_DISABLED": "1"}
    environment = {**os.environ, **variables, "PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("handler", ["crawl", "dispatch"])
def test_crawl_loads_no_later_stage(handler: str) -> None:
    """Crawl and dispatch load nothing of archive, index or extraction, and no MinHash library."""
    modules = loaded(handler)
    assert {"dateline.state.table", handler} <= modules
    assert {name for name in modules if name in LATER or any(name.startswith(f"{each}.") for each in LATER)} == set()
