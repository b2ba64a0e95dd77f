"""Proofs: what a stranger checks with Python and openssl, and forgeries that fail with the right reason."""

import ast
import gzip
import html
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dateline.keys import crawl_names, identifiers, object_keys
from dateline.keys.object_keys import Stem
from dateline.proofs import verify
from dateline.proofs.authorities import Authority
from dateline.proofs.bundle import of_records, prove
from dateline.proofs.evidence import Evidence as ProofEvidence
from dateline.proofs.evidence import NotStampedError
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import KeyChangedError, Stamps, trusted
from dateline.proofs.trees import Trees
from dateline.reader.app import answer
from dateline.reader.library import Library
from tests.conftest import Aws
from tests.reader.library import Room
from tests.support.proofs.authority import TimestampAuthority
from tests.support.proofs.certificates import certificate
from tests.support.proofs.evidence import DAY, DIGEST, FOREIGN, NEXT, TODAY, Evidence, Files, holds, unzipped
from tests.support.samples import Newsroom


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    return FileSigner(tmp_path / "key.pem")


@pytest.fixture
def evidence(aws: Aws, authority: TimestampAuthority, signer: FileSigner) -> Evidence:
    found = Evidence(aws, authority, signer)
    found.stamp()
    return found


def test_proof_holds(evidence: Evidence, authority: TimestampAuthority) -> None:
    files = evidence.proof()
    lines = holds(files, key=evidence.signer.public_key(), authority=authority.certificates)
    assert sum(line.startswith("records/") for line in lines) == 6
    kinds = [line.partition(" ")[0].rstrip(":") for line in lines[6:]]
    assert kinds == ["tree", f"certificates/{DIGEST}.der", "chain", "signatures", "timestamp", "not"]
    assert "news.example.org showed it, says the crawler (a certificate signs no page): subject=" in lines[7]
    assert files["revisions/1.txt"] == b"Title\n\nFirst words."
    assert b"[-First-]" in files["revisions/1-2.diff.txt"]
    assert b"<del>First" in files["index.html"]
    assert "bucket" not in json.loads(files["revisions/2.json"])["capture"]


def test_reader_offers_the_proof(evidence: Evidence) -> None:
    """A story's page links its proof once its day has a root; the proof holds, and an unstamped one is a problem."""
    aws = evidence.aws
    room = Room(aws, answer(Library(aws.deployment, lambda: pytest.fail("no search"))))
    id = identifiers.article_id("http://news.example.org/a")
    link = f'href="/stories/{id}/proof?revision=2"'
    assert link not in html.unescape(room.get(f"/stories/{id}", "text/html").text)
    aws.s3.put_object(Bucket=aws.captures, Key=object_keys.proof("2019-04-17", "root.json"), Body=b"{}")
    assert link in html.unescape(room.get(f"/stories/{id}", "text/html").text)
    reply = room.get(f"/stories/{id}/proof", revision=1)
    assert reply.media == "application/zip"
    assert holds(unzipped(reply.body))
    evidence.newsroom.archive().add(evidence.newsroom.capture(("later", "Later|Words.")))
    unstamped = room.get(f"/stories/{identifiers.article_id('http://news.example.org/later')}/proof")
    assert (unstamped.status, unstamped.media) == (404, "application/problem+json")


def test_proof_is_small(evidence: Evidence) -> None:
    """Beside its records and their words it has under 20 kB, and the same bytes each time."""
    query = evidence.newsroom.query()
    story = query.story("http://news.example.org/a")
    assert story
    one, two = (prove(evidence.aws.s3, evidence.aws.captures, query, query.revisions(story["id"])) for _ in range(2))
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        beside = sum(each.compress_size for each in archive.infolist() if not each.filename.startswith("records/"))
    assert beside < 20_000


def test_bundled_script_needs_nothing(evidence: Evidence, tmp_path: Path) -> None:
    """The script in a proof runs without this project's packages and environment."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    for name, data in (files := evidence.proof()).items():
        if "/" not in name:
            (folder / name).write_bytes(data)
    with zipfile.ZipFile(folder / "story.proof.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    command = [sys.executable, "-I", "-S", "verify.py", "story.proof.zip", "--key", "key.pem"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "the proof holds", "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (FOREIGN, "it is not for news.example.org"),
        (certificate("news.example.org", datetime(2018, 4, 1, tzinfo=UTC)), "it was not valid when"),
        (certificate("news.example.org", datetime(2019, 4, 18, tzinfo=UTC)), "it was not valid when"),
        (b"no certificate", "it is no certificate"),
    ],
    ids=["another host", "expired", "not yet valid", "no certificate"],
)
def test_foreign_certificate_is_named(
    aws: Aws, authority: TimestampAuthority, signer: FileSigner, data: bytes, reason: str
) -> None:
    """A record names a certificate of another host, one of another year, or something else."""
    evidence = Evidence(aws, authority, signer, data)
    evidence.stamp()
    with pytest.raises(verify.InvalidProofError, match=reason):
        holds(evidence.proof())


def test_proof_without_certificate(aws: Aws, authority: TimestampAuthority, signer: FileSigner) -> None:
    """Captures from before certificates were kept, and pages without TLS, are proved all the same."""
    evidence = Evidence(aws, authority, signer, b"")
    evidence.stamp()
    files = evidence.proof()
    assert holds(files)
    assert not [name for name in files if name.startswith("certificates/")]


def test_root_signed_by_another_key(sound: Files, tmp_path: Path) -> None:
    """A root and a key that fit each other are not the key that somebody expects."""
    other = FileSigner(tmp_path / "other.pem")
    forged = sound | {"key.pem": other.public_key()}
    with pytest.raises(verify.InvalidProofError, match=r"does not verify with key\.pem"):
        holds(forged)
    for day in (DAY, f"{NEXT}"):
        forged[f"roots/{day}.sig"] = other.sign(forged[f"roots/{day}.json"])
    assert holds(forged)
    with pytest.raises(verify.InvalidProofError, match="not the key that you expect"):
        holds(forged, key=sound["key.pem"])


def test_stamp_of_unknown_authority(sound: Files, stranger: TimestampAuthority) -> None:
    forged = dict(sound)
    root = sound[f"roots/{DAY}.json"]
    forged[f"roots/{DAY}.sample.tsr"] = Authority("stranger", stranger.url, stranger.certificates).stamp(root)
    with pytest.raises(verify.InvalidProofError, match="its authority is not trusted"):
        holds(forged)
    forged["authorities/sample.pem"] = stranger.certificates
    assert holds(forged)
    with pytest.raises(verify.InvalidProofError, match="its authority is not trusted"):
        holds(forged, authority=sound["authorities/sample.pem"])


def test_stamp_older_than_record(aws: Aws, authority: TimestampAuthority, signer: FileSigner) -> None:
    """A record dated after its stamp was given a false date."""
    newsroom = Newsroom(aws)
    stem = Stem("sample", crawl_names.crawl_name(datetime.now(UTC) + timedelta(hours=6), "test"), 0)
    newsroom.archive(clock=lambda: datetime.now(UTC) + timedelta(hours=7)).add(
        newsroom.put(stem, ("c", "Later|Words."))
    )
    aws.s3.put_object(Bucket=aws.captures, Key=object_keys.proof_authority("sample"), Body=authority.certificates)
    Trees(aws.s3, aws.captures).write(TODAY)
    authorities = trusted(aws.s3, aws.captures, {"sample": authority.url})
    Stamps(aws.s3, aws.captures, signer=signer, authorities=authorities).add(datetime.now(UTC))
    query = newsroom.query()
    story = query.story("http://news.example.org/c")
    assert story
    with pytest.raises(verify.InvalidProofError, match="older than a record"):
        holds(unzipped(prove(aws.s3, aws.captures, query, query.revisions(story["id"]))))


def test_failing_authority_costs_its_stamp(
    aws: Aws, authority: TimestampAuthority, signer: FileSigner, stranger: TimestampAuthority
) -> None:
    """The other one's stamp is kept, and the failing one is asked again by the next run."""
    evidence = Evidence(aws, authority, signer)
    evidence.authorities.append(Authority("second", "http://127.0.0.1:9/", stranger.certificates))
    first = evidence.stamp()
    assert (first.signed, first.stamped, sorted(first.failures)) == (2, 2, [DAY, f"{NEXT}"])
    evidence.authorities[1] = Authority("second", stranger.url, stranger.certificates)
    second = evidence.stamp()
    assert (second.signed, second.stamped, second.failures) == (0, 2, {})
    assert evidence.stamp().stamped == 0


def test_another_key_is_refused(evidence: Evidence, tmp_path: Path) -> None:
    evidence.signer = FileSigner(tmp_path / "other.pem")
    with pytest.raises(KeyChangedError):
        evidence.stamp()


def test_roots_are_published(evidence: Evidence) -> None:
    """The list of roots has each root as it was signed, newest first."""
    feed = json.loads(
        evidence.aws.s3.get_object(Bucket=evidence.aws.captures, Key=object_keys.PROOF_FEED)["Body"].read()
    )
    assert [item["id"] for item in feed["items"]] == [f"{NEXT}", DAY]
    assert feed["items"][1]["content_text"].encode() == Trees(evidence.aws.s3, evidence.aws.captures).root(DAY)


def test_proof_before_its_tree(evidence: Evidence) -> None:
    newsroom = evidence.newsroom
    newsroom.archive().add(newsroom.capture(("new", "New|Words.")))
    query = newsroom.query()
    story = query.story("http://news.example.org/new")
    assert story
    with pytest.raises(NotStampedError, match="dateline proofs stamp --today"):
        prove(evidence.aws.s3, evidence.aws.captures, query, query.revisions(story["id"]))


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04"])
def test_file_that_is_no_proof(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(verify.InvalidProofError, match="is no proof"):
        verify.read(str(tmp_path / "a.zip"))
    assert verify.main([str(tmp_path / "a.zip")]) == 1


@pytest.mark.parametrize("name", ["verify.py", "verify_ots.py"])
def test_script_needs_python_3_9(name: str) -> None:
    """The scripts in proofs are for years: an old syntax, and the standard library alone."""
    source = Path(verify.__file__).with_name(name).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0]
        for node in imports
        for alias in node.names
    }
    assert names <= sys.stdlib_module_names
    assert not {"removesuffix", "pairwise", "batched"} & {getattr(node, "attr", "") for node in ast.walk(tree)}


HEAD = (
    b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://news.example.org/a\r\n"
)
ODD: dict[str, tuple[bytes, str]] = {
    "two URLs": (
        b"WARC-Date: 2019-04-17T12:00:00Z\r\nwarc-target-uri : http://other.example/\r\n",
        "header warc-target-uri",
    ),
    "two dates": (
        b"WARC-Date: 2019-04-17T12:00:00Z\r\nWARC-DATE:2001-01-01T00:00:00Z\r\n",
        "the header warc-date twice",
    ),
    "two lengths": (b"WARC-Date: 2019-04-17T12:00:00Z\r\nContent-Length: 0\r\n", "the header content-length twice"),
    "no date": (b"", "its date is none"),
    "a day": (b"WARC-Date: 2019-04-17\r\n", "its date is none"),
    "no zone": (b"WARC-Date: 2019-04-17T12:00:00\r\n", "its date is none"),
    "another zone": (b"WARC-Date: 2019-04-17T12:00:00+14:00\r\n", "its date is none"),
    "month 13": (b"WARC-Date: 2019-13-17T12:00:00Z\r\n", "its date is none"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_record_in_the_tree(evidence: Evidence, name: str) -> None:
    """A record that readers take differently, or without a believable date, is no proof though it is in a tree."""
    headers, reason = ODD[name]
    data = HEAD + headers + b"Content-Length: 4\r\n\r\nbody\r\n\r\n"
    aws, third = evidence.aws, NEXT + timedelta(days=1)
    key = Stem("odd", crawl_names.crawl_name(datetime.now(UTC), "odd"), 0).capture
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=gzip.compress(data))
    Trees(aws.s3, aws.captures).write(third)
    evidence.stamp()
    found = ProofEvidence(aws.s3, aws.captures)
    found.add(data, f"{third}T00:00:00Z", file="records/1-1-response.warc.gz")
    files = unzipped(of_records(found, {})) | {"records/1-1-response.warc.gz": gzip.compress(data)}
    with pytest.raises(verify.InvalidProofError, match=reason):
        holds(files)
