"""Timestamps of roots by authorities outside the archive (RFC 3161 over HTTP)."""

import re
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple
from urllib.error import URLError

from cryptography.x509 import Certificate, ExtendedKeyUsage, ExtensionNotFound, load_pem_x509_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import (
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.base import HashAlgorithm

_PATIENCE = 20  # seconds; public authorities answer within one
_LARGEST = 1 << 20  # bytes of an answer; they have some 6 kB with their certificates
_QUERY = "application/timestamp-query"


class StampError(Exception):
    """An authority did not stamp a root, or its answer does not verify."""


class _UnverifiedError(StampError):
    """An answer that is no timestamp, or none that verifies."""


class Authority(NamedTuple):
    """A timestamp authority: a short name, its address, and the certificates that it is trusted by, PEM."""

    name: str
    url: str
    certificates: bytes

    def stamp(self, data: bytes) -> bytes:
        """Return the authority's verified answer to a request for this data, DER.

        The answer is requested without the authority's certificates, which proofs have already, and again with them if
        its signer is not among those. Raises StampError for no answer, a wrong digest or nonce, or untrusted
        certificates.
        """
        try:
            return self._stamp(data, with_certificates=False)
        except _UnverifiedError as error:
            try:
                return self._stamp(data, with_certificates=True)
            except _UnverifiedError:
                raise error from None

    def _stamp(self, data: bytes, *, with_certificates: bool) -> bytes:
        builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.cert_request(cert_request=with_certificates).build()
        body = self._ask(request.as_bytes())
        try:
            response: TimeStampResponse = decode_timestamp_response(body)
        except ValueError as error:
            raise _UnverifiedError(f"{self.name}: {error}") from error
        try:
            verifier = self._verifier(VerifierBuilder.from_request(request), names_signer=not with_certificates)
            verifier.build().verify_message(response, data)
        except (ValueError, VerificationError) as error:
            raise _UnverifiedError(f"{self.name}: {error}") from error
        return body

    def _ask(self, query: bytes) -> bytes:
        if not self.url.startswith(("http://", "https://")):
            raise StampError(f"{self.name}: {self.url!r} is no HTTP address")
        request = urllib.request.Request(self.url, query, {"Content-Type": _QUERY})  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                return bytes(answer.read(_LARGEST))
        except (URLError, OSError) as error:
            raise StampError(f"{self.name}: no answer from {self.url}: {error}") from error

    def _verifier(self, builder: VerifierBuilder, *, names_signer: bool) -> VerifierBuilder:
        for certificate in self._trusted():
            if names_signer and _is_signers(certificate):
                builder = builder.tsa_certificate(certificate)
                continue
            is_root = certificate.issuer == certificate.subject
            add = builder.add_root_certificate if is_root else builder.add_intermediate_certificate
            builder = add(certificate)
        return builder

    def _trusted(self) -> Iterator[Certificate]:
        try:
            yield from load_pem_x509_certificates(self.certificates)
        except ValueError as error:
            raise StampError(f"{self.name}: its certificates are no PEM: {error}") from error


def _is_signers(certificate: Certificate) -> bool:
    """Whether a certificate is for signing timestamps (RFC 3161, section 2.3)."""
    try:
        return (
            ExtendedKeyUsageOID.TIME_STAMPING in certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
        )
    except ExtensionNotFound:
        return False


def addresses(setting: str) -> dict[str, str]:
    """Return the authorities of a setting such as ``one=https://tsa.example/,two=http://stamp.example/`` by name.

    An address that begins with ``ots+http`` is an OpenTimestamps calendar's.
    ValueError names a part that is none.
    """
    found = {}
    for part in filter(None, map(str.strip, setting.split(","))):
        name, equals, url = part.partition("=")
        if not equals or not name.replace("-", "").isalnum() or not re.match(r"(?:ots\+)?https?://", url):
            raise ValueError(f"{part!r} is not NAME=ADDRESS, with a name of letters, digits and hyphens")
        found[name] = url
    return found
