"""Build the bundle of one function: ``build.py ExtractFunction FOLDER``, called by infra/Makefile.

A bundle consists of the handler, the library without its command line, the spiders (for functions with sources) or the
source files alone (for functions with extraction rules), and the packages of infra/requirements/<function>.txt at the
versions of infra/constraints.txt. Packages are wheels for the target platform, so any machine can build for Lambda:
ARCHITECTURE is arm64 or x86_64, by the template's parameter and infra/<architecture>/Makefile. DATELINE_BUILD=host
builds for this machine and interpreter, as the local cloud needs.

The same sources give the same bytes: SAM names a bundle by its content and does not deploy an unchanged one again.
"""

import fnmatch
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

INFRA = Path(__file__).resolve().parent
ROOT = INFRA.parent
RUNTIME = "3.13"  # template.yaml: python3.13; Amazon Linux 2023 has glibc 2.34
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
READS_SOURCES = {"dispatch", "crawl"}
READS_RULES = {"extract", "maintain", "read"}

# Files without a reader: stubs, headers, the packages' own tests, and records of the installation.
UNUSED = ("*.c", "*.h", "*.pxd", "*.pxi", "*.pyi", "*.pyx", "INSTALLER", "RECORD", "REQUESTED", "py.typed")
UNUSED_FOLDERS = ("bin", "test", "tests", "*-stubs", "dateparser_cli", "dateparser_scripts", "__pycache__")
# babel's locale data is 30 of its 33 MB; dateparser asks it for those of the languages in use only.
LOCALES = ("root.dat", "ar*.dat", "en*.dat", "fa*.dat", "fr*.dat", "tr*.dat")


def main(resource: str, folder: Path) -> None:
    name = resource.removesuffix("Function").lower()
    folder.mkdir(parents=True, exist_ok=True)
    uv = find_uv()
    host = os.environ.get("DATELINE_BUILD") == "host"
    install(uv, name, folder, host=host)
    trim(folder)
    copy_code(name, folder)
    compile_all(sys.executable if host else find_runtime(uv), folder)


def find_uv() -> list[str]:
    """Return the command for uv: this environment's, the one on the path, or this interpreter's module."""
    beside = Path(sys.executable).with_name("uv")
    if found := str(beside) if beside.exists() else shutil.which("uv"):
        return [found]
    module = [sys.executable, "-m", "uv"]
    if subprocess.run([*module, "--version"], capture_output=True, check=False).returncode:
        sys.exit("uv is missing, which installs the functions' packages: python3 -m pip install uv, or run make first")
    return module


def install(uv: Sequence[str], name: str, folder: Path, *, host: bool) -> None:
    """Install the function's packages and their dependencies into ``folder``."""
    requirements = INFRA / "requirements"
    target = ("--python", sys.executable) if host else ("--python-platform", platform(), "--python-version", RUNTIME)
    command = [*uv, "pip", "install", "--quiet", "--no-config", "--only-binary=:all:", "--link-mode=copy", *target]
    command += ["--requirements", f"{requirements / name}.txt", "--excludes", f"{requirements / 'runtime.txt'}"]
    command += ["--constraints", f"{INFRA / 'constraints.txt'}", "--target", f"{folder}"]
    subprocess.run(command, check=True)


def platform() -> str:
    """Return the target's platform as uv names it; exit for an unknown architecture."""
    wanted = os.environ.get("ARCHITECTURE", "arm64")
    if wanted not in PLATFORMS:
        sys.exit(f"ARCHITECTURE is {wanted!r}; Lambda has {' and '.join(PLATFORMS)}")
    return PLATFORMS[wanted]


def trim(folder: Path) -> None:
    """Remove files of packages never read on Lambda."""
    for path in unused(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def unused(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        dropped = {name for name in folders if _any(name, UNUSED_FOLDERS)}
        folders[:] = [name for name in folders if name not in dropped]
        data = Path(parent).name == "locale-data"
        drop = {name for name in files if _any(name, UNUSED) or (data and not _any(name, LOCALES))}
        yield from (Path(parent, name) for name in sorted(dropped | drop))


def _any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def copy_code(name: str, folder: Path) -> None:
    """Put our own code beside the packages, as the handler imports it."""
    functions = ROOT / "functions"
    shutil.copy(functions / f"{name}.py", folder)
    no_command_line = shutil.ignore_patterns("__pycache__", "cli", "export", "importing", "__main__.py")
    shutil.copytree(functions / "dateline", folder / "dateline", ignore=no_command_line, dirs_exist_ok=True)
    if name in READS_SOURCES:
        shutil.copytree(ROOT / "spiders", folder / "spiders", ignore=no_command_line, dirs_exist_ok=True)
    if name in READS_RULES:
        shutil.copytree(ROOT / "spiders" / "sources", folder / "spiders" / "sources", dirs_exist_ok=True)


def find_runtime(uv: Sequence[str]) -> str | None:
    """An interpreter of the runtime's version, if this machine has one."""
    command = [*uv, "python", "find", "--no-config", "--no-project", RUNTIME]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def compile_all(python: str | None, folder: Path) -> None:
    """Compile to bytecode, since /var/task is read-only later: cold starts take a third of the time.

    Bytecode is valid for the runtime's own version only. Without source times (unchecked-hash) and with the runtime's
    paths, the result depends on the sources alone.
    """
    if python is None:
        print(f"{folder.name}: not byte-compiled, as there is no Python {RUNTIME} here: slower cold starts", flush=True)
        return
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", f"{folder}", "-p", "/var/task"]
    subprocess.run([python, "-I", "-m", "compileall", *options, f"{folder}"], check=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
