"""The stack: template.yaml built and deployed by the SAM CLI, as it would be to AWS."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from botocore.exceptions import ClientError

from infra.local.errors import LocalCloudError, tail

ROOT = Path(__file__).parents[2]
NAME = "dateline"
_BUCKET = "dateline-deployments"
_INPUTS = ("template.yaml", "functions", "spiders", "infra/requirements", "infra/constraints.txt")
_BUNDLE = re.compile(r"CodeUri: (\w+)$", re.MULTILINE)
_APART = {"__pycache__", "cli"}  # in no bundle
_RULES = ("infra/Makefile", "infra/arm64/Makefile", "infra/build.py")


def fingerprint(parameters: Mapping[str, str] | None = None) -> str:
    """Return a fingerprint of all inputs of the bundles, and of the stack if ``parameters`` are given."""
    digest = hashlib.sha256(f"{sys.version} {sys.executable} {sorted((parameters or {}).items())}".encode())
    for path in _inputs():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _inputs() -> Iterator[Path]:
    for name in (*_INPUTS, *_RULES):
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in files if file.is_file() and not _APART & {*file.relative_to(ROOT).parts})


def build(folder: Path) -> None:
    """Make the bundles for this machine, in ``folder/build``: apart from those of a `sam build` for Lambda."""
    environment = {**os.environ, "DATELINE_BUILD": "host", "PYTHON": sys.executable}
    options = ["--template-file", f"{ROOT / 'template.yaml'}", "--build-dir", f"{folder / 'build'}", "--parallel"]
    _sam(folder, ["build", *options], environment)
    _pack(folder / "build")


def build_for_containers(folder: Path, architecture: str) -> None:
    """Make the bundles of `sam local`, in ``folder/build``: for Lambda's runtime on an architecture."""
    options = ["--template-file", f"{ROOT / 'template.yaml'}", "--build-dir", f"{folder / 'build'}", "--parallel"]
    _sam(folder, ["build", *options, "--parameter-overrides", f"Architecture={architecture}"], os.environ)


def _pack(built: Path) -> None:
    """Zip each bundle once, and name it in the built template.

    SAM would zip it with each deployment, with a slow compression.
    """
    template = built / "template.yaml"
    for name in _BUNDLE.findall(text := template.read_text("utf-8")):
        with ZipFile(built / f"{name}.zip", "w", ZIP_DEFLATED, compresslevel=1) as packed:
            for path in sorted((built / name).rglob("*")):
                packed.write(path, path.relative_to(built / name))
    template.write_text(_BUNDLE.sub(r"CodeUri: \1.zip", text), "utf-8")


def deploy(
    folder: Path, s3: Any, environment: Mapping[str, str], parameters: Mapping[str, str], *, name: str = NAME
) -> None:
    """Create or change a stack. ``environment`` points to AWS."""
    s3.create_bucket(Bucket=_BUCKET)
    overrides = [f'ParameterKey={name},ParameterValue="{value}"' for name, value in parameters.items()]
    options = ["--template-file", f"{folder / 'build' / 'template.yaml'}", "--stack-name", name]
    options += ["--s3-bucket", _BUCKET, "--capabilities", "CAPABILITY_IAM", "--no-progressbar"]
    options += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--on-failure", "DELETE"]
    options += ["--parameter-overrides", *overrides]
    # It polls at this interval, which suits a cloud that is next door.
    _sam(folder, ["deploy", *options], {**environment, "SAM_CLI_POLL_DELAY": "0.2"})


def outputs(cloudformation: Any, name: str = NAME) -> dict[str, str] | None:
    """The outputs of a stack, or None if it is not there and complete."""
    try:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def adjust(functions: Any) -> None:
    """Correct event sources for MiniStack 1.5.

    It passes numbers from parameters as text, and its poller fails on them. It also delivers one message of a FIFO
    queue at a time in all groups, AWS one per group: a second mapping makes it two.
    """
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    for mapping in (each for each in mappings if "ScalingConfig" in each):
        scaling = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)
    ordered = [mapping for mapping in mappings if mapping["EventSourceArn"].endswith(".fifo")]
    if len(ordered) == 1:
        same = {name: ordered[0][name] for name in ("EventSourceArn", "BatchSize", "FunctionResponseTypes")}
        scaling = {"MaximumConcurrency": 2}
        functions.create_event_source_mapping(FunctionName=ordered[0]["FunctionArn"], ScalingConfig=scaling, **same)


def await_sources(functions: Any, *, seconds: float = 30) -> None:
    """Return once every event source mapping is enabled."""
    deadline = time.monotonic() + seconds
    while any(m["State"] != "Enabled" for m in functions.list_event_source_mappings()["EventSourceMappings"]):
        if time.monotonic() > deadline:
            raise LocalCloudError("the functions' event sources are not enabled; run dateline down and up again")
        time.sleep(0.1)


def _sam(folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the SAM CLI without its telemetry, questions and files in the home directory."""
    quiet = {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": f"{folder / 'sam'}", "CI": "1"}
    # samconfig.toml's defaults are for AWS; this section of it does not exist.
    command = [sys.executable, "-m", "samcli", *arguments, "--config-env", "local"]
    log = folder / "sam.log"
    with log.open("wb") as output:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        done = subprocess.run(command, cwd=ROOT, env={**environment, **quiet}, **streams, check=False)
    if done.returncode:
        again = f"run dateline up again, or dateline down and remove {folder} to begin with an empty cloud"
        raise LocalCloudError(f"sam {arguments[0]} failed; correct the error and {again}. {log} says:\n{tail(log)}")
