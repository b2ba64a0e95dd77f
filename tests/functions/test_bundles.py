"""The functions' bundles: whole by themselves, for the right platform, small, compiled, and the same every time."""

import hashlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra import build
from infra.local.cloud import Cloud

# Megabytes unzipped with bytecode; Lambda takes 250. Bundles grow by accident, and cold starts with them.
CEILINGS = {
    "dispatch": 20,
    "crawl": 110,
    "extract": 60,
    "events": 20,
    "coverage": 20,
    "compact": 90,
    "search": 50,
    "read": 70,
    "stamp": 50,
    "maintain": 75,
}
ELF_AARCH64 = b"\xb7\x00"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime has and bundles do without: boto3 and what it needs."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in ("boto3", "botocore", "jmespath", "s3transfer", "dateutil", "urllib3", "six"):
        spec = find_spec(name)
        assert spec
        assert spec.origin
        path = Path(spec.origin)
        path = path.parent if path.name == "__init__.py" else path
        (folder / path.name).symlink_to(path)
    return folder


def bundle(cloud: Cloud, function: str) -> Path:
    return cloud.folder / "build" / f"{function.capitalize()}Function"


def digest(folder: Path) -> str:
    """Of the names and bytes of all files."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return found.hexdigest()


@pytest.mark.cloud
@pytest.mark.parametrize("function", CEILINGS)
def test_handler_imports_from_bundle(cloud: Cloud, runtime: Path, function: str) -> None:
    """A handler imports from its bundle and the runtime alone."""
    folders = [str(bundle(cloud, function)), str(runtime)]
    # -S leaves out this environment's packages, -I its variables and the working directory.
    script = f"import sys; sys.path[:0] = {folders!r}; import {function}; print({function}.handler.__name__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("handler", "")


@pytest.mark.cloud
@pytest.mark.parametrize("function", CEILINGS)
def test_bundle_is_small(cloud: Cloud, function: str) -> None:
    """A bundle is small and has nothing that the runtime has."""
    files = [path for path in bundle(cloud, function).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < CEILINGS[function] * 1_000_000
    assert not {path.name for path in bundle(cloud, function).iterdir()} & {"boto3", "botocore", "bin", "tests"}
    assert not [path for path in files if "cli" in path.parent.parts[-1:] and "dateline" in path.parts]


@pytest.mark.cloud
@pytest.mark.parametrize("function", CEILINGS)
def test_bundle_is_compiled(cloud: Cloud, function: str) -> None:
    """A bundle is compiled and its bytecode never checked against times."""
    compiled = list((bundle(cloud, function) / "__pycache__").glob(f"{function}.*.pyc"))
    assert len(compiled) == 1
    assert compiled[0].read_bytes()[4:8] == (0b01).to_bytes(4, "little")  # PEP 552: by hash, not to be checked
    assert str(cloud.folder).encode() not in compiled[0].read_bytes()


def test_bundle_is_reproducible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same sources make the same bundle."""
    monkeypatch.setenv("DATELINE_BUILD", "host")
    for folder in ("one", "two"):
        build.main("DispatchFunction", tmp_path / folder)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_bundle_on_any_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle for lambda is made on any machine."""
    monkeypatch.delenv("DATELINE_BUILD", raising=False)
    build.main("ExtractFunction", tmp_path)
    libraries = list(tmp_path.rglob("*.so"))
    assert libraries
    assert {path.read_bytes()[18:20] for path in libraries} == {ELF_AARCH64}
    assert not [path for path in libraries if "cpython-" in path.name and "cpython-313-" not in path.name]
    assert {path.name for path in tmp_path.rglob("locale-data/*.dat")} >= {"root.dat", "ar_LY.dat", "fr_TN.dat"}
    assert not list(tmp_path.rglob("locale-data/zh*.dat"))
    assert {path.suffix for path in (tmp_path / "spiders").rglob("*") if path.is_file()} == {".toml"}
    assert (tmp_path / "spiders" / "sources" / "ly" / "libya-herald.toml").is_file()
