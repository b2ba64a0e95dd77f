"""Signatures of WACZ files with anonymous keys.

WACZ Signing and Verification 0.1.0 (https://specs.webrecorder.net/wacz-auth/0.1.0/) leaves curve and encoding open.
ReplayWeb.page and ArchiveWeb.page take ECDSA on P-384 with SHA-256 over the text of the hash, as r and s in one, and
so does this.
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from dateline.proofs.signing import FileSigner, der
from dateline.version import __version__

_VERSION = "0.1.0"  # of the specification
_PACKAGE, _DIGEST = "datapackage.json", "datapackage-digest.json"  # py-wacz writes them last, in this order
_NUMBER = 48  # bytes of r, and of s


def signer(path: Path) -> FileSigner:
    """Return the signer of a key in a file, which is made on its first use."""
    return FileSigner(path, SECP384R1())


def finish(path: Path, files: Mapping[str, bytes], key: FileSigner | None) -> None:
    """Add files to a WACZ file, list them in its data package, and sign that."""
    with zipfile.ZipFile(path, "a") as archive:
        package = json.loads(archive.read(_PACKAGE))
        _drop_last(archive, (_PACKAGE, _DIGEST))
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
            package["resources"].append(_resource(name, data))
        body = json.dumps(package, indent=2).encode()
        digest = {"path": _PACKAGE, "hash": f"sha256:{hashlib.sha256(body).hexdigest()}"}
        signed = {"signedData": _signature(digest["hash"], package["created"], key)} if key else {}
        for name, data in ((_PACKAGE, body), (_DIGEST, json.dumps(digest | signed, indent=2).encode())):
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)


def _resource(name: str, data: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return {"name": name.rpartition("/")[2].lower(), "path": name, "hash": digest, "bytes": len(data)}


def _signature(digest: str, created: str, key: FileSigner) -> dict[str, str]:
    """Return the anonymous signature of a data package's hash."""
    r, s = decode_dss_signature(key.sign(digest.encode()))
    return {
        "hash": digest,
        "created": created,
        "software": f"dateline/{__version__}",
        "version": _VERSION,
        "signature": base64.b64encode(r.to_bytes(_NUMBER) + s.to_bytes(_NUMBER)).decode(),
        "publicKey": base64.b64encode(der(key.public_key())).decode(),
    }


def _drop_last(archive: zipfile.ZipFile, names: tuple[str, ...]) -> None:
    """Forget the last entries of a zip file, whose bytes what is written next replaces."""
    entries = [archive.getinfo(name) for name in names]
    if archive.infolist()[-len(names) :] != entries:
        raise ValueError(f"{archive.filename} does not end with {' and '.join(names)}")
    for entry in entries:
        archive.filelist.remove(entry)
        del archive.NameToInfo[entry.filename]
    archive.start_dir = entries[0].header_offset
