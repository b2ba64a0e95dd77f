"""Certificate chains that servers send without their intermediates, completed as browsers do.

A certificate names the address of its issuer's (Authority Information Access, RFC 5280 section 4.2.2.1). Issuers are
fetched from there over http, under the rules of all connections, and kept for the process. They only fill the gap:
OpenSSL must still find a root among the system's authorities, so a certificate that could be a root is never taken.
"""

import functools
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

INCOMPLETE = (20, 21)  # OpenSSL's X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY and ..._VERIFY_LEAF_SIGNATURE
MAX_DEPTH = 3  # intermediates; public chains have one or two
MAX_KEPT = 64  # certificates
MAX_CERTIFICATE = 64 << 10  # bytes of an issuer's file

Fetch = Callable[[str], Awaitable[bytes]]
_kept: dict[str, bytes] = {}


class Chain(NamedTuple):
    """The missing certificates in DER, and the addresses that they came from."""

    certificates: tuple[bytes, ...]
    addresses: tuple[str, ...]


async def complete(leaf: bytes, fetch: Fetch) -> Chain:
    """Return the issuers of a certificate as far as they are named and can be had; empty if it names none.

    ``fetch`` returns the body at an address; its errors are raised.
    """
    found, addresses = list[bytes](), list[str]()
    certificate = leaf
    while len(found) < MAX_DEPTH and (address := issuer_address(certificate)) and address not in addresses:
        if address not in _kept:
            _keep(address, _certificate(await fetch(address)))
        certificate = _kept[address]
        if _may_be_root(certificate):
            break
        found.append(certificate)
        addresses.append(address)
    return Chain(tuple(found), tuple(addresses))


def issuer_address(der: bytes) -> str | None:
    """Return the http address of a certificate's issuer, or None."""
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
        named = extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None
    if not isinstance(named, x509.AuthorityInformationAccess):
        return None
    issuers = [each for each in named if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
    urls = [each.access_location.value for each in issuers]
    return next((url for url in urls if isinstance(url, str) and url.startswith("http://")), None)


@functools.lru_cache(maxsize=16)
def context(base: Callable[[], ssl.SSLContext], chain: Chain) -> ssl.SSLContext:
    """Return a context of ``base`` that knows the certificates of a chain, and trusts none of them for itself."""
    made = base()
    made.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    made.load_verify_locations(cadata=b"".join(chain.certificates))
    return made


def _keep(address: str, der: bytes) -> None:
    _kept[address] = der
    while len(_kept) > MAX_KEPT:
        del _kept[next(iter(_kept))]


def _certificate(data: bytes) -> bytes:
    """The certificate in an issuer's file: DER, PEM or PKCS #7. Raises ValueError for anything else."""
    if data.lstrip().startswith(b"-----BEGIN CERTIFICATE"):
        return x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
    try:
        return x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)
    except ValueError:
        (first, *_) = pkcs7.load_der_pkcs7_certificates(data)
        return first.public_bytes(Encoding.DER)


def _may_be_root(der: bytes) -> bool:
    """Whether OpenSSL could take a certificate for a root: its two names are alike, but for case and blanks."""
    certificate = x509.load_der_x509_certificate(der)
    return _values(certificate.subject) == _values(certificate.issuer)


def _values(name: x509.Name) -> list[str]:
    return sorted(" ".join(str(attribute.value).casefold().split()) for attribute in name)
