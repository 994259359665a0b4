"""Certificates made on the spot, for servers whose TLS is at fault; nobody trusts them unless told to.

root = Authority("Gốc")
middle = Authority("Giữa", issuer=root)
leaf = middle.issue(aia="http://127.0.0.1:5000/middle.cer")     # names localhost and 127.0.0.1
Loopback(certificate=leaf.pem)                                  # a server that forgets to send `middle`
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests import loopback_tls

_KEY = load_pem_private_key(loopback_tls.KEY.encode(), None)
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Issued:
    """A certificate in the forms that tests need."""

    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


class Authority(Issued):
    """An authority of its own, or below `issuer`. Its name is `name`, the issuer's as `issuer_name` if not its own."""

    def __init__(
        self, name: str, issuer: Authority | None = None, aia: str | None = None, issuer_name: str | None = None
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]) if issuer_name else None
        signer = issuer or self
        super().__init__(
            _sign(self.name, above or signer.name, self.key.public_key(), signer.key, authority=True, aia=aia)
        )

    def issue(
        self,
        *,
        aia: str | None = None,
        names: tuple[str, ...] = ("localhost", "127.0.0.1"),
        start: datetime = START,
        end: datetime = END,
    ) -> Issued:
        """A server's certificate for the key of loopback_tls."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Máy chủ cổng xã")])
        return Issued(
            _sign(subject, self.name, _KEY.public_key(), self.key, aia=aia, names=names, start=start, end=end)
        )


def bundle(*issued: Issued) -> bytes:
    """A PKCS #7 file of certificates, in DER."""
    return pkcs7.serialize_certificates([one.certificate for one in issued], Encoding.DER)


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    public,
    key,
    *,
    authority: bool = False,
    aia: str | None = None,
    names: tuple[str, ...] = (),
    start: datetime = START,
    end: datetime = END,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if authority:
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
                "digital_signature",
            ),
            False,
        )
        builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    if aia:
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(aia))
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    if names:
        alternatives: list[x509.GeneralName] = []
        for name in names:
            try:
                alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                alternatives.append(x509.DNSName(name))
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(key, hashes.SHA256())
