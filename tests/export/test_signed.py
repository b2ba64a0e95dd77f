"""WACZ files that are signed and have one proof of all their records."""

import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from typer.testing import CliRunner
from wacz.main import main as wacz

from dateline.capture.gzip_members import members
from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.cli.terminal.output import CommandError
from dateline.export import Export, captures
from dateline.export.signed import signer
from dateline.keys import object_keys
from dateline.proofs import verify
from dateline.proofs.evidence import Evidence
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import Stamps, trusted
from dateline.proofs.trees import Trees
from dateline.query.filters import Selection
from tests.conftest import Aws
from tests.support.proofs.authority import TimestampAuthority, serving
from tests.support.samples import Newsroom

TODAY = datetime.now(UTC).date()


@pytest.fixture
def newsroom(aws: Aws) -> Newsroom:
    newsroom = Newsroom(aws)
    archive = newsroom.archive()
    archive.add(newsroom.capture(("a", "Title|First words."), ("front", "no story"), ("b", "Other|Words.")))
    archive.add(newsroom.capture(("c", "Third|Words of a later day.")))
    return newsroom


@pytest.fixture
def stamped(newsroom: Newsroom, tmp_path: Path) -> Newsroom:
    """With all records in a stamped tree."""
    aws = newsroom.aws
    with serving(TimestampAuthority(tmp_path / "authority")) as authority:
        aws.s3.put_object(Bucket=aws.captures, Key=object_keys.proof_authority("sample"), Body=authority.certificates)
        Trees(aws.s3, aws.captures).write(TODAY)
        authorities = trusted(aws.s3, aws.captures, {"sample": authority.url})
        key = FileSigner(tmp_path / "archive-key.pem")
        Stamps(aws.s3, aws.captures, signer=key, authorities=authorities).add(datetime.now(UTC))
    return newsroom


def exported(newsroom: Newsroom, path: Path) -> str | None:
    query, selection = newsroom.query(), Selection(country="ly")
    export = Export(query, selection.of(query), f"{selection}")
    evidence = Evidence(newsroom.aws.s3, newsroom.aws.captures)
    return captures.wacz(export, path, key=signer(path.with_suffix(".pem")), evidence=evidence)


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def signature_holds(signed: dict[str, str]) -> bool:
    """Check an anonymous signature by this reading of the specification, as Starling Lab's integrity tools do it."""
    key = load_der_public_key(base64.b64decode(signed["publicKey"]))
    assert isinstance(key, EllipticCurvePublicKey)
    raw = base64.b64decode(signed["signature"])
    r, s = (int.from_bytes(raw[at : at + len(raw) // 2]) for at in (0, len(raw) // 2))
    try:
        key.verify(encode_dss_signature(r, s), signed["hash"].encode(), ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


# As ReplayWeb.page does it (wabac.js, verifyWACZSignature): the curve, the encodings and the data are its own.
BROWSER = """
const { hash, signature, publicKey } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { subtle } = require("crypto").webcrypto, bytes = (text) => Buffer.from(text, "base64");
subtle
  .importKey("spki", bytes(publicKey), { name: "ECDSA", namedCurve: "P-384" }, true, ["verify"])
  .then((key) => subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes(signature), Buffer.from(hash, "utf8")))
  .then((holds) => console.log(holds));
"""


def browser_takes(signed: dict[str, str]) -> bool:
    node = shutil.which("node")
    if not node:
        pytest.skip("there is no node, whose WebCrypto is the browsers'")
    done = subprocess.run([node, "-e", BROWSER], input=json.dumps(signed), capture_output=True, text=True, check=True)
    return done.stdout.strip() == "true"


def test_signature_is_anonymous(stamped: Newsroom, tmp_path: Path) -> None:
    """The signature has the properties of the specification and no other, and is of the data package as it is."""
    path = tmp_path / "stories.wacz"
    assert exported(stamped, path) is None
    files = files_of(path)
    digest = json.loads(files["datapackage-digest.json"])
    signed, package = digest["signedData"], json.loads(files["datapackage.json"])
    assert set(signed) == {"hash", "created", "software", "version", "signature", "publicKey"}
    assert digest["hash"] == signed["hash"] == f"sha256:{hashlib.sha256(files['datapackage.json']).hexdigest()}"
    assert signed["created"] == package["created"]
    assert {each["path"] for each in package["resources"]} == files.keys() - {
        "datapackage.json",
        "datapackage-digest.json",
    }
    assert signature_holds(signed)
    assert not signature_holds(signed | {"hash": "sha256:" + "0" * 64})


def test_other_tools_accept_it(stamped: Newsroom, tmp_path: Path) -> None:
    path = tmp_path / "stories.wacz"
    exported(stamped, path)
    assert wacz(["validate", "--file", str(path)]) == 0
    signed = json.loads(files_of(path)["datapackage-digest.json"])["signedData"]
    assert browser_takes(signed)
    assert not browser_takes(signed | {"hash": "sha256:" + "0" * 64})


def test_one_proof_for_all_records(stamped: Newsroom, tmp_path: Path) -> None:
    """Each record but the export's own is proved, by one path for each day."""
    path = tmp_path / "stories.wacz"
    exported(stamped, path)
    proof = verify.read(str(path))
    lines = list(proof.check())
    assert sum(line.startswith("archive/data.warc.gz at ") for line in lines) == 9
    assert [*proof.manifest["paths"]] == [f"{TODAY}"]
    assert len(proof.manifest["paths"][f"{TODAY}"]) < 9
    assert CliRunner().invoke(app, ["check-proof", str(path)]).exit_code == 0
    assert verify.main([str(path)]) == 0


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    files = files_of(path)
    change(files)
    other = path.with_name("forged.wacz")
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return other


WARC = "archive/data.warc.gz"


def with_other_words(files: dict[str, bytes]) -> None:
    parts = [member.data for member in members(io.BytesIO(files[WARC]), begins=b"WARC/")]
    files[WARC] = b"".join(gzip.compress(part.replace(b"First words", b"Other words"), mtime=0) for part in parts)


def without_one(files: dict[str, bytes]) -> None:
    (*_, last) = members(io.BytesIO(files[WARC]), begins=b"WARC/")
    files[WARC] = files[WARC][: last.offset]


def with_one_before(files: dict[str, bytes]) -> None:
    (first, second, *_) = members(io.BytesIO(files[WARC]), begins=b"WARC/")
    add = files[WARC][second.offset : second.offset + second.length]
    files[WARC] = files[WARC][: first.length] + add + files[WARC][first.length :]


FORGED: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "words": (with_other_words, "archive/data.warc.gz at"),
    "record dropped": (without_one, "cannot be read"),
    "record added": (
        lambda files: files.update({WARC: files[WARC] + files[WARC]}),
        "a record that proof.json does not",
    ),
    "record put in": (with_one_before, "archive/data.warc.gz at"),
    "bytes added": (lambda files: files.update({WARC: files[WARC] + b"\0"}), "a record that proof.json does not have"),
    "another WARC file": (lambda files: files.update({"archive/x.warc.gz": b""}), "two WARC files"),
    "no WARC file": (lambda files: files.pop(WARC), "cannot be read"),
    "no proof": (lambda files: files.pop("proof/proof.zip"), "does not belong into a proof"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_export_fails(stamped: Newsroom, tmp_path: Path, name: str) -> None:
    exported(stamped, tmp_path / "stories.wacz")
    change, reason = FORGED[name]
    with pytest.raises(verify.InvalidProofError, match=reason):
        list(verify.read(str(rewritten(tmp_path / "stories.wacz", change))).check())


def test_export_before_the_tree(newsroom: Newsroom, tmp_path: Path) -> None:
    """An export with a record that is in no tree says so, is signed and has no proof."""
    path = tmp_path / "stories.wacz"
    assert "run dateline proofs stamp" in (exported(newsroom, path) or "")
    assert "proof/proof.zip" not in files_of(path)
    assert wacz(["validate", "--file", str(path)]) == 0
    with pytest.raises(verify.InvalidProofError):
        verify.read(str(path))


def test_command_signs_with_one_key(stamped: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All exports of a machine have one key, made by the first."""
    aws = stamped.aws
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive, "IndexTable": aws.table.name}
    stack = Stack(s3=aws.s3, sqs=boto3.client("sqs"), table=aws.table, outputs=outputs)
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    monkeypatch.chdir(tmp_path)
    found = set[str]()
    for name in ("one.wacz", "two.wacz"):
        done = CliRunner().invoke(app, ["export", "--format", "wacz", "-o", name])
        assert not isinstance(done.exception, CommandError), done.exception
        assert done.exit_code == 0
        found.add(json.loads(files_of(tmp_path / name)["datapackage-digest.json"])["signedData"]["publicKey"])
        assert verify.main([name]) == 0
    assert len(found) == 1
    assert (tmp_path / ".dateline" / "export-key.pem").stat().st_mode & 0o077 == 0
