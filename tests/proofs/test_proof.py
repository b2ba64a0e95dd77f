"""Proofs: what a stranger checks with Python and openssl, and forgeries that fail with the right reason."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dateline import keys
from dateline.proofs import verify
from dateline.proofs.authorities import Authority
from dateline.proofs.bundle import prove
from dateline.proofs.evidence import NotStampedError
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import KeyChangedError, Stamps, trusted
from dateline.proofs.trees import Trees
from tests.conftest import Aws
from tests.support.authority import TimestampAuthority
from tests.support.certificates import certificate
from tests.support.samples import Newsroom

CERTIFICATE = certificate("news.example.org", datetime(2019, 4, 1, tzinfo=UTC))
FOREIGN = certificate("news.example.com", datetime(2019, 4, 1, tzinfo=UTC))
DIGEST = hashlib.sha256(CERTIFICATE).hexdigest()
TODAY = datetime.now(UTC).date()
NEXT = TODAY + timedelta(days=1)
DAY = f"{TODAY}"
Files = dict[str, bytes]


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    return FileSigner(tmp_path / "key.pem")


class Evidence:
    """A story of two revisions in stamped trees."""

    def __init__(
        self, aws: Aws, authority: TimestampAuthority, signer: FileSigner, certificate: bytes = CERTIFICATE
    ) -> None:
        self.aws, self.signer = aws, signer
        self.newsroom = Newsroom(aws)
        if certificate:
            digest = hashlib.sha256(certificate).hexdigest()
            self.newsroom.notes = {"tls": {"certificate": f"sha256:{digest}"}}
            aws.s3.put_object(Bucket=aws.captures, Key=keys.certificate(digest), Body=certificate)
        archive = self.newsroom.archive()
        archive.add(self.newsroom.capture(("a", "Title|First words."), ("b", "Other|Words.")))
        archive.add(self.newsroom.capture(("a", "Title|Other words.")))
        aws.s3.put_object(Bucket=aws.captures, Key=keys.proof_authority("sample"), Body=authority.certificates)
        self.authorities = trusted(aws.s3, aws.captures, {"sample": authority.url})
        Trees(aws.s3, aws.captures).write(NEXT)

    def stamp(self) -> Any:
        return Stamps(self.aws.s3, self.aws.captures, signer=self.signer, authorities=self.authorities).add(
            datetime.now(UTC)
        )

    def proof(self) -> Files:
        query = self.newsroom.query()
        story = query.story("http://news.example.org/a")
        assert story
        return unzipped(prove(self.aws.s3, self.aws.captures, query, query.revisions(story["id"])))


def unzipped(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def holds(files: Files, **trusted: bytes) -> list[str]:
    return list(verify.Proof(files).check(**trusted))


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


def test_proof_is_small_and_the_same(evidence: Evidence) -> None:
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


def record(files: Files, kind: str = "response") -> str:
    return next(name for name in sorted(files) if name.startswith("records/1-") and kind in name)


def in_record(files: Files, before: bytes, after: bytes, kind: str = "response") -> None:
    name = record(files, kind)
    data = gzip.decompress(files[name])
    assert before in data
    files[name] = gzip.compress(data.replace(before, after, 1))


def in_json(files: Files, name: str, change: Callable[[Any], object]) -> None:
    value = json.loads(files[name])
    change(value)
    files[name] = verify.canonical(value)


def in_entry(files: Files, change: Callable[[dict[str, Any]], object]) -> None:
    in_json(files, "proof.json", lambda proof: change(proof["records"][0]))


def in_path(files: Files, change: Callable[[list[str]], object]) -> None:
    in_json(files, "proof.json", lambda proof: change(proof["paths"][DAY]))


def forged_leaf(files: Files) -> None:
    """Another body, with the leaf that fits it."""
    in_record(files, b"First words", b"Other words")
    name = record(files)
    leaf = verify.leaf_of(gzip.decompress(files[name]))
    in_json(
        files,
        "proof.json",
        lambda proof: next(each for each in proof["records"] if each["file"] == name).update(leaf=leaf),
    )


def move(proof: Any) -> None:
    """To another day's tree."""
    proof["paths"] = {f"{NEXT}": proof["paths"][DAY]}
    for entry in proof["records"]:
        entry["day"] = f"{NEXT}"


def swap(files: Files) -> None:
    def exchange(proof: Any) -> None:
        one, two = proof["records"][:2]
        one["index"], two["index"] = two["index"], one["index"]

    in_json(files, "proof.json", exchange)


FORGERIES: dict[str, tuple[Callable[[Files], object], str]] = {
    "body": (lambda f: in_record(f, b"First words", b"Other words"), "its body was changed"),
    "server's header": (lambda f: in_record(f, b"200 OK", b"201 OK"), "its body was changed"),
    "date": (lambda f: in_record(f, b"WARC-Date: 2019", b"WARC-Date: 2018"), "its date is not the leaf's"),
    "URL": (lambda f: in_record(f, b"news.example.org/a", b"news.example.org/b"), "its URL is not the leaf's"),
    "record id": (lambda f: in_record(f, b"<urn:uuid:", b"<urn:uuie:"), "its id is not the leaf's"),
    "type": (lambda f: in_record(f, b"WARC-Type: response", b"WARC-Type: resource"), "its type is not the leaf's"),
    "payload digest": (lambda f: in_record(f, b"Payload-Digest: sha", b"Payload-Digest: shb"), "its payload digest"),
    "record header": (lambda f: in_record(f, b"Content-Type: app", b"Content-Type: bpp"), "its headers were changed"),
    "record header added": (lambda f: in_record(f, b"\r\n\r\n", b"\r\nX-A: 1\r\n\r\n"), "its headers were changed"),
    "metadata": (lambda f: in_record(f, b"Tripoli", b"Tunis!!", "metadata"), "its body was changed"),
    "body and leaf": (forged_leaf, "are not in the tree of"),
    "leaves swapped": (swap, "are not in the tree of"),
    "path shortened": (lambda f: in_path(f, lambda path: path.pop()), "the path is too short"),
    "path lengthened": (lambda f: in_path(f, lambda path: path.append("00" * 32)), "the path is too long"),
    "path altered": (lambda f: in_path(f, lambda path: path.__setitem__(0, "00" * 32)), "are not in the tree of"),
    "path that is none": (lambda f: in_path(f, lambda path: path.__setitem__(0, "zz")), "the path in the tree of"),
    "place altered": (lambda f: in_entry(f, lambda e: e.update(index=e["index"] ^ 1)), "another record has its place"),
    "another day's root": (
        lambda f: in_json(f, "proof.json", move),
        "there is no leaf",
    ),
    "no record": (lambda f: in_json(f, "proof.json", lambda p: p.update(records=[])), "there is no record"),
    "record dropped": (lambda f: f.pop(record(f)), "the proof lacks records/"),
    "record cut": (lambda f: f.update({record(f): f[record(f)][:-9]}), "it cannot be read"),
    "root altered": (
        lambda f: in_json(f, f"roots/{DAY}.json", lambda r: r.update(root="00" * 32)),
        "are not in the tree",
    ),
    "size altered": (
        lambda f: in_json(f, f"roots/{NEXT}.json", lambda r: r.update(size=9)),
        "the signature of the root",
    ),
    "date of a root": (
        lambda f: in_json(f, f"roots/{NEXT}.json", lambda r: r.update(date=DAY)),
        "is the root of another day",
    ),
    "root in another form": (
        lambda f: f.update({f"roots/{DAY}.json": f[f"roots/{DAY}.json"] + b" "}),
        "is not in its canonical form",
    ),
    "chain cut": (lambda f: in_json(f, f"roots/{NEXT}.json", lambda r: r.update(previous="00" * 32)), "does not name"),
    "day left out": (
        lambda f: f.update({f"roots/{NEXT + timedelta(days=1)}.json": later(f)}) or f.pop(f"roots/{NEXT}.json"),
        "has no day between",
    ),
    "signature altered": (
        lambda f: f.update({f"roots/{DAY}.sig": f[f"roots/{NEXT}.sig"]}),
        "the signature of the root of",
    ),
    "no signature": (lambda f: f.pop(f"roots/{DAY}.sig"), "the proof lacks roots/"),
    "no timestamp": (lambda f: f.pop(f"roots/{DAY}.sample.tsr"), "there is no timestamp for"),
    "timestamp of another root": (
        lambda f: f.update({f"roots/{DAY}.sample.tsr": f[f"roots/{NEXT}.sample.tsr"]}),
        "it is of another root",
    ),
    "timestamp that is none": (lambda f: f.update({f"roots/{DAY}.sample.tsr": b"0"}), "is no timestamp"),
    "certificate": (
        lambda f: f.update({f"certificates/{DIGEST}.der": CERTIFICATE[:-1] + b"\0"}),
        "der: it was changed",
    ),
    "certificate of another": (
        lambda f: f.update({f"certificates/{hashlib.sha256(FOREIGN).hexdigest()}.der": FOREIGN}),
        "no record of a page names it",
    ),
    "certificate named otherwise": (
        lambda f: f.update({f"certificates/{'0' * 64}.der": CERTIFICATE}),
        "it was changed",
    ),
    "version": (lambda f: in_json(f, "proof.json", lambda p: p.update(version=9)), "version 9 is not 1"),
}


def later(files: Files) -> bytes:
    root = json.loads(files[f"roots/{NEXT}.json"])
    return verify.canonical(root | {"date": f"{NEXT + timedelta(days=1)}"})


@pytest.fixture(scope="module")
def sound(authority: TimestampAuthority, tmp_path_factory: pytest.TempPathFactory, template: dict[str, Any]) -> Files:
    """A proof to forge."""
    from tests.conftest import emulated  # noqa: PLC0415 - beside the fixture of one test

    with emulated(template) as aws:
        found = Evidence(aws, authority, FileSigner(tmp_path_factory.mktemp("key") / "key.pem"))
        found.stamp()
        return found.proof()


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_fails(sound: Files, name: str) -> None:
    forge, reason = FORGERIES[name]
    forged = dict(sound)
    forge(forged)
    with pytest.raises(verify.InvalidProofError, match=reason):
        holds(forged)


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
def test_certificate_that_was_not_the_hosts(
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
    stem = keys.Stem("sample", keys.crawl_name(datetime.now(UTC) + timedelta(hours=6), "test"), 0)
    newsroom.archive(clock=lambda: datetime.now(UTC) + timedelta(hours=7)).add(
        newsroom.put(stem, ("c", "Later|Words."))
    )
    aws.s3.put_object(Bucket=aws.captures, Key=keys.proof_authority("sample"), Body=authority.certificates)
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
    feed = json.loads(evidence.aws.s3.get_object(Bucket=evidence.aws.captures, Key=keys.PROOF_FEED)["Body"].read())
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
