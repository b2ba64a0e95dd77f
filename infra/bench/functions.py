"""Functions: the size of each bundle, and the CPU time until its handler is imported.

The bundles are built for this machine, as ``dateline up`` builds them, and byte-compiled. Python has the bundle and the
libraries of Lambda's runtime alone.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from infra.bench.result import BenchError, Result, Row
from infra.local import stack

METHOD = (
    "Bundles for this machine: megabytes unzipped with bytecode, and zipped. Import is CPU from the start of Python "
    "until the handler is imported, with the bundle and the libraries of Lambda's runtime alone; median of the rounds, "
    "in which all take turns."
)
_RUNTIME = ("boto3", "botocore", "jmespath", "s3transfer", "dateutil", "urllib3", "six")
_MB = 1_000_000
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_TRACE_DISABLED": "1",
    "PATH": os.environ.get("PATH", ""),
}


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001 - as all benches have them
    """Build the bundles and start each handler once a round. Raises BenchError if one fails."""
    with TemporaryDirectory() as folder:
        stack.build(Path(folder))
        bundles = dict(sorted(_bundles(Path(folder) / "build")))
        runtime = _runtime(Path(folder) / "runtime")
        seconds: dict[str, list[float]] = {name: [] for name in bundles}
        for _ in range(rounds):
            for name, bundle in bundles.items():
                seconds[name].append(_cpu(name, bundle, runtime))
        sizes = {name: _sizes(bundle) for name, bundle in bundles.items()}
    rows = [Row(name, sizes[name] | {"import_s": round(median(seconds[name]), 2)}) for name in bundles]
    return Result(bench="functions", method=METHOD, rows=rows, targets=[])


def _bundles(built: Path) -> Iterator[tuple[str, Path]]:
    for folder in built.iterdir():
        if folder.is_dir() and folder.name.endswith("Function"):
            yield folder.name.removesuffix("Function").lower(), folder


def _runtime(folder: Path) -> Path:
    """Link what Lambda's runtime has and bundles do without."""
    folder.mkdir()
    for name in _RUNTIME:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise BenchError(f"{name} is not installed")
        path = Path(spec.origin)
        path = path.parent if path.name == "__init__.py" else path
        (folder / path.name).symlink_to(path)
    return folder


def _sizes(bundle: Path) -> dict[str, float]:
    files = (path for path in bundle.rglob("*") if path.is_file())
    packed = bundle.with_name(f"{bundle.name}.zip").stat().st_size
    return {"unzipped_MB": round(sum(path.stat().st_size for path in files) / _MB), "zip_MB": round(packed / _MB, 1)}


def _cpu(name: str, bundle: Path, runtime: Path) -> float:
    # -S leaves out this environment's packages, -I its variables and the working directory.
    script = f"import sys; sys.path[:0] = {[str(bundle), str(runtime)]!r}; import {name}"
    before = _children()
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_ENVIRONMENT)
    if done.returncode:
        raise BenchError(f"{name} does not start: {done.stderr}")
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
