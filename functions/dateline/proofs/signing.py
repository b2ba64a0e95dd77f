"""Signatures of roots: ECDSA on P-256 with SHA-256, by a key in AWS KMS or in a file."""

import base64
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePrivateKey


class Signer(Protocol):
    """Something that signs."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the data, DER."""
        ...

    def public_key(self) -> bytes:
        """Return the public key, PEM (SubjectPublicKeyInfo)."""
        ...


class KmsSigner:
    """A key in AWS KMS; ``kms`` is boto3's client, ``key`` an id or ARN. Raises ClientError if KMS refuses."""

    def __init__(self, kms: Any, key: str) -> None:
        self._kms, self._key = kms, key

    def sign(self, data: bytes) -> bytes:
        answer = self._kms.sign(KeyId=self._key, Message=data, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
        return bytes(answer["Signature"])

    def public_key(self) -> bytes:
        return pem("PUBLIC KEY", self._kms.get_public_key(KeyId=self._key)["PublicKey"])


class FileSigner:
    """A private key in a PEM file, created on first use, readable by its owner only; on P-256 by default."""

    def __init__(self, path: Path, curve: "EllipticCurve | None" = None) -> None:
        self._path, self._curve = path, curve

    def sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415 - KMS does without
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        return self._key().sign(data, ECDSA(SHA256()))

    def public_key(self) -> bytes:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key().public_key().public_bytes(serialization.Encoding.PEM, form)

    def _key(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        if not self._path.exists():
            self._make()
        key = load_pem_private_key(self._path.read_bytes(), None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise TypeError(f"{self._path} holds no key of an elliptic curve")
        return key

    def _make(self) -> None:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key  # noqa: PLC0415

        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        data = generate_private_key(self._curve or SECP256R1()).private_bytes(serialization.Encoding.PEM, form, none)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600, exist_ok=False)
        self._path.write_bytes(data)


def verifies(key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature (DER) is one of the data by a public key (PEM)."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        found = load_pem_public_key(key)
        if not isinstance(found, EllipticCurvePublicKey):
            return False
        found.verify(signature, data, ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def pem(label: str, der: bytes) -> bytes:
    """Return DER as PEM (RFC 7468)."""
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def der(pem: bytes) -> bytes:
    """Return what is in a PEM file of one block."""
    return base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"-----")))


def signer(key: str) -> Signer:
    """Return the signer of a setting: an absolute path of a PEM file, or else a KMS key's id or ARN."""
    from dateline.aws import clients  # noqa: PLC0415 - a file's key does without

    return FileSigner(Path(key)) if Path(key).is_absolute() else KmsSigner(clients.client("kms"), key)
