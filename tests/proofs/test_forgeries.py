"""Forgeries of proofs: each fails with the right reason, by the bundled script and by the command alike."""

import gzip
import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from dateline.proofs import verify
from dateline.proofs.signing import FileSigner
from tests.support.proofs import der
from tests.support.proofs.authority import TimestampAuthority
from tests.support.proofs.evidence import CERTIFICATE, DAY, DIGEST, FOREIGN, NEXT, Check, Files, zipped


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


def other_key(curve: ec.EllipticCurve) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return ec.generate_private_key(curve).public_key().public_bytes(serialization.Encoding.PEM, form)


def backdated(stamp: bytes) -> bytes:
    """The answer with a time of years before."""
    changed = re.sub(rb"(?<=\x18\x0f)20\d\d", b"2001", stamp, count=1)
    assert changed != stamp
    return changed


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
        lambda f: f.update({f"certificates/{DIGEST}.der": CERTIFICATE[:-1] + bytes([CERTIFICATE[-1] ^ 1])}),
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
    "record with another after it": (
        lambda f: f.update({record(f): f[record(f)] + gzip.compress(b"WARC/1.1\r\n\r\n")}),
        "it is not one gzip member",
    ),
    "record with zeros after it": (lambda f: f.update({record(f): f[record(f)] + bytes(9)}), "not one gzip member"),
    "record cut inside": (
        lambda f: f.update({record(f): gzip.compress(gzip.decompress(f[record(f)])[:-30])}),
        "it cannot be read: the record's Content-Length is wrong",
    ),
    "record longer inside": (
        lambda f: f.update({record(f): gzip.compress(gzip.decompress(f[record(f)]) + b"more")}),
        "its headers were changed",
    ),
    "record that is no WARC": (lambda f: f.update({record(f): gzip.compress(b"<html>")}), "this is no WARC record"),
    "record not listed": (
        lambda f: f.update({"records/9-1-response.warc.gz": f[record(f)]}),
        "proof.json does not have it",
    ),
    "name twice in JSON": (
        lambda f: f.update({"proof.json": b'{"records":[],' + f["proof.json"].lstrip()[1:]}),
        "a name is there twice",
    ),
    "name twice in a root": (
        lambda f: f.update({f"roots/{DAY}.json": b'{"date":"x",' + f[f"roots/{DAY}.json"][1:]}),
        "a name is there twice",
    ),
    "name twice in a leaf": (
        lambda f: f.update({"proof.json": f["proof.json"].replace(b'"uri":', b'"uri":"x","uri":', 1)}),
        "a name is there twice",
    ),
    "no number": (
        lambda f: f.update({"proof.json": re.sub(rb'"index": ?\d+', b'"index":NaN', f["proof.json"], count=1)}),
        "NaN is no number",
    ),
    "JSON too deep": (lambda f: f.update({"proof.json": b"[" * 200_000}), "proof.json is no JSON"),
    "JSON in UTF-16": (lambda f: f.update({"proof.json": f["proof.json"].decode().encode("utf-16")}), "is no JSON"),
    "JSON with a mark": (lambda f: f.update({"proof.json": b"\xef\xbb\xbf" + f["proof.json"]}), "is no JSON"),
    "JSON that is no object": (lambda f: f.update({"proof.json": b"[]"}), "is no JSON object"),
    "place that is true": (lambda f: in_entry(f, lambda e: e.update(index=True)), "it has no leaf"),
    "place that is a fraction": (lambda f: in_entry(f, lambda e: e.update(index=1.0)), "it has no leaf"),
    "place that is a text": (lambda f: in_entry(f, lambda e: e.update(index="1")), "it has no leaf"),
    "place below the first": (lambda f: in_entry(f, lambda e: e.update(index=-1)), "there is no leaf"),
    "place after the last": (lambda f: in_entry(f, lambda e: e.update(index=10**9)), "there is no leaf"),
    "place without end": (lambda f: in_entry(f, lambda e: e.update(index=10**4000)), "there is no leaf"),
    "leaf that is a list": (lambda f: in_entry(f, lambda e: e.update(leaf=[])), "it has no leaf"),
    "leaf with more": (lambda f: in_entry(f, lambda e: e["leaf"].update(more="x")), "its headers were changed"),
    "entry that is a text": (
        lambda f: in_json(f, "proof.json", lambda p: p["records"].__setitem__(0, "x")),
        "it has no leaf",
    ),
    "entry with a place in a file": (lambda f: in_entry(f, lambda e: e.update(offset=0, length=9)), "cannot be read"),
    "entry before a file": (lambda f: in_entry(f, lambda e: e.update(offset=-9, length=9)), "it has no place"),
    "day that is a path": (lambda f: in_entry(f, lambda e: e.update(day="../key")), "the proof lacks roots/../key"),
    "records that are none": (lambda f: in_json(f, "proof.json", lambda p: p.update(records={})), "records is no list"),
    "paths that are none": (lambda f: in_json(f, "proof.json", lambda p: p.update(paths=[])), "is no list"),
    "hash too short": (lambda f: in_path(f, lambda path: path.__setitem__(0, path[0][:-2])), "has not 32 bytes"),
    "hashes joined": (
        lambda f: in_path(f, lambda path: path.__setitem__(slice(0, 2), ["".join(path[:2])])),
        "has not 32 bytes",
    ),
    "root with more": (lambda f: in_json(f, f"roots/{DAY}.json", lambda r: r.update(more=1)), "is no root"),
    "root with a size in text": (lambda f: in_json(f, f"roots/{DAY}.json", lambda r: r.update(size="9")), "is no root"),
    "root of a later version": (
        lambda f: in_json(f, f"roots/{DAY}.json", lambda r: r.update(version=2)),
        "version 2 is not 1",
    ),
    "newest root not signed": (lambda f: f.pop(f"roots/{NEXT}.sig"), "the proof lacks roots/"),
    "signature with bytes after it": (
        lambda f: f.update({f"roots/{DAY}.sig": f[f"roots/{DAY}.sig"] + b"\0"}),
        "the signature of the root of",
    ),
    "signature in another encoding": (
        lambda f: f.update({f"roots/{DAY}.sig": b"\x30\x81" + f[f"roots/{DAY}.sig"][1:]}),
        "the signature of the root of",
    ),
    "signature of zeros": (
        lambda f: f.update({f"roots/{DAY}.sig": bytes.fromhex("3006020100020100")}),
        "the signature of the root of",
    ),
    "key of another curve": (lambda f: f.update({"key.pem": other_key(ec.SECP384R1())}), "no public key of P-256"),
    "two keys": (lambda f: f.update({"key.pem": f["key.pem"] * 2}), "no public key of P-256"),
    "key after a text": (lambda f: f.update({"key.pem": b"Mine:\n" + f["key.pem"]}), "no public key of P-256"),
    "key that is a certificate": (
        lambda f: f.update({"key.pem": f["authorities/sample.pem"]}),
        "no public key of P-256",
    ),
    "timestamp with bytes after it": (
        lambda f: f.update({f"roots/{DAY}.sample.tsr": f[f"roots/{DAY}.sample.tsr"] + b"\0"}),
        "is no timestamp",
    ),
    "timestamp with two signers": (
        lambda f: f.update({f"roots/{DAY}.sample.tsr": signed_twice(f[f"roots/{DAY}.sample.tsr"])}),
        "does not verify",
    ),
    "timestamp's time altered": (
        lambda f: f.update({f"roots/{DAY}.sample.tsr": backdated(f[f"roots/{DAY}.sample.tsr"])}),
        "does not verify",
    ),
    "timestamp of nobody": (lambda f: f.pop("authorities/sample.pem"), "the proof lacks authorities/sample.pem"),
    "version": (lambda f: in_json(f, "proof.json", lambda p: p.update(version=9)), "version 9 is not 1"),
}


def later(files: Files) -> bytes:
    root = json.loads(files[f"roots/{NEXT}.json"])
    return verify.canonical(root | {"date": f"{NEXT + timedelta(days=1)}"})


@pytest.mark.parametrize("name", FORGERIES)
def test_forgery_fails(sound: Files, name: str, tmp_path: Path, check: Check) -> None:
    forge, reason = FORGERIES[name]
    forged = dict(sound)
    forge(forged)
    (tmp_path / "forged.zip").write_bytes(zipped(forged))
    status, said = check(f"{tmp_path / 'forged.zip'}")
    assert status == 1
    assert re.search(reason, said), said


def test_record_that_grows(sound: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip bomb costs the limit and no more."""
    monkeypatch.setattr(verify, "_LARGEST", 1 << 20)
    name = record(sound)
    forged = sound | {name: gzip.compress(bytes(50 << 20))}
    with pytest.raises(verify.InvalidProofError, match="it is not one gzip member"):
        list(verify.Proof(forged).check())


def test_node_is_no_leaf() -> None:
    """The hash of two nodes is no hash of any leaf's bytes, so no record stands for a part of the tree."""
    left, right = verify.leaf_hash(b"left"), verify.leaf_hash(b"right")
    assert verify.leaf_hash(left + right) != verify.node_hash(left, right)
    with pytest.raises(ValueError, match="no WARC record"):
        verify.leaf_of(left + right)


def test_long_signature_with_bytes_after_it(sound: Files, tmp_path: Path) -> None:
    """openssl reads 72 bytes of a signature on P-256, and does not see what is after the longest ones."""
    key, root = FileSigner(tmp_path / "key.pem"), sound[f"roots/{DAY}.json"]
    longest = next(found for found in (key.sign(root) for _ in range(1000)) if len(found) == 72)
    newest = key.sign(sound[f"roots/{NEXT}.json"])
    forged = sound | {"key.pem": key.public_key(), f"roots/{DAY}.sig": longest, f"roots/{NEXT}.sig": newest}
    assert list(verify.Proof(forged).check())
    forged[f"roots/{DAY}.sig"] += b"more"
    with pytest.raises(verify.InvalidProofError, match=f"the signature of the root of {DAY}"):
        list(verify.Proof(forged).check())


# The values of an ECDSA signature may be (r, n - s) as well as (r, s): both are by the same key, of the same bytes.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_other_form_of_signature(sound: Files) -> None:
    """Whoever has a signature can make a second one of it; it says the same, and nothing refers to its bytes."""
    forged = dict(sound)
    r, s = decode_dss_signature(sound[f"roots/{DAY}.sig"])
    forged[f"roots/{DAY}.sig"] = encode_dss_signature(r, ORDER - s)
    assert [*verify.Proof(forged).check()] == [*verify.Proof(sound).check()]


def status_text(stamp: bytes, text: str) -> bytes:
    """The answer of an authority with another status text, which nobody signs (RFC 3161, section 2.4.2)."""
    (_, token) = der.children(stamp)
    said = der.make(0x30, der.make(0x02, b"\0"), der.make(0x30, der.make(0x0C, text.encode())))
    return der.make(0x30, said, token)


def signed_twice(stamp: bytes) -> bytes:
    """The answer with its signer's part there twice."""
    status, token = der.children(stamp)
    kind, wrapped = der.children(token)
    (signed,) = der.children(wrapped)
    *rest, signers = der.children(signed)
    both = der.make(0x31, *der.children(signers) * 2)
    return der.make(0x30, status, der.make(0x30, kind, der.make(0xA0, der.make(0x30, *rest, both))))


@pytest.mark.parametrize(
    "text", ["Time stamp: Jan  1 00:00:00 2001 GMT", "\nTime stamp: Jan  1 00:00:00 2001 GMT\n", "\r\nTime stamp: x"]
)
def test_time_in_unsigned_text(sound: Files, text: str) -> None:
    """Text around the token, which openssl prints before the time, does not count."""
    name = f"roots/{DAY}.sample.tsr"
    forged = sound | {name: status_text(sound[name], text)}
    (line,) = [line for line in verify.Proof(forged).check() if line.startswith("timestamp")]
    assert line == next(line for line in verify.Proof(sound).check() if line.startswith("timestamp"))


@pytest.mark.parametrize("option", ["key", "authority"])
def test_empty_file_is_no_trust(sound: Files, option: str, tmp_path: Path, check: Check) -> None:
    """An empty file of trusted certificates or keys trusts nobody, rather than the sender."""
    (tmp_path / "proof.zip").write_bytes(zipped(sound))
    (tmp_path / "trust.pem").touch()
    status, said = check(f"{tmp_path / 'proof.zip'}", f"--{option}", f"{tmp_path / 'trust.pem'}")
    assert (status, "is not trusted" in said or "no public key" in said) == (1, True)


def test_stamp_by_expired_authority(sound: Files, tmp_path: Path) -> None:
    """An authority whose certificate had ended when it stamped."""
    expired = TimestampAuthority(tmp_path, days=("20190101000000Z", "20200101000000Z"))
    root = tmp_path / "root.json"
    root.write_bytes(sound[f"roots/{DAY}.json"])
    query = ["openssl", "ts", "-query", "-data", f"{root}", "-sha256", "-cert"]
    stamp = expired.answer(subprocess.run(query, check=True, capture_output=True).stdout)
    forged = sound | {f"roots/{DAY}.sample.tsr": stamp, "authorities/sample.pem": expired.certificates}
    with pytest.raises(verify.InvalidProofError, match="its authority is not trusted"):
        list(verify.Proof(forged).check())
