"""A small reader of X.509 certificates (RFC 5280): names, dates, and where the issuer's certificate can be had. Pure.

It decides nothing about trust, which is OpenSSL's affair: Python's ssl tells these things only of certificates that
were verified, and they are wanted of those that were not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from scraper.text import tidy

_PEM = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CERTIFICATE-----")
_SEQUENCE, _OID, _OCTETS, _UTC_TIME = 0x30, 0x06, 0x04, 0x17
_URI, _DNS, _IP = 0x86, 0x82, 0x87  # of GeneralName
# Object identifiers as DER holds them.
_COMMON_NAME, _ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
_AUTHORITY_ACCESS = b"\x2b\x06\x01\x05\x05\x07\x01\x01"
_CA_ISSUERS = b"\x2b\x06\x01\x05\x05\x07\x30\x02"
_SIGNED_DATA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_CHARSETS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}


class _Value(NamedTuple):
    """One DER value: its tag, its contents, and the whole with tag and length."""

    tag: int
    content: bytes
    whole: bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself.

    der: its bytes.  issuer, subject: names as DER, to compare.  names: hosts and IP addresses that it is for.
    issuer_urls: where its issuer's certificate lies, as it says (caIssuers).
    """

    der: bytes
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    issuer_urls: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Fingerprint, 64 hexadecimal digits."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer, as roots do."""
        return self.issuer == self.subject

    @property
    def issuer_name(self) -> str:
        """The issuer's common name, else its organisation; one line."""
        return name_text(self.issuer)

    @property
    def subject_name(self) -> str:
        """The subject's common name, else its organisation; one line."""
        return name_text(self.subject)


def read_certificate(der: bytes) -> Certificate:
    """Read one certificate. Raises ValueError for anything else, and where bytes follow it."""
    try:
        (outer,) = _values(der)
        body = _values(_expect(outer, _SEQUENCE))[0]
        fields = _values(_expect(body, _SEQUENCE))
        if fields[0].tag == 0xA0:  # the version, which the first one leaves out
            fields = fields[1:]
        issuer, validity, subject = fields[2], fields[3], fields[4]
        start, end = _values(_expect(validity, _SEQUENCE))
        extensions = dict(_extensions(fields[6:]))
        return Certificate(
            der,
            issuer.whole,
            subject.whole,
            _time(start),
            _time(end),
            tuple(_names(extensions.get(_ALTERNATIVE_NAMES, b""))),
            tuple(_issuer_urls(extensions.get(_AUTHORITY_ACCESS, b""))),
        )
    except (IndexError, OverflowError) as error:
        raise ValueError("not a certificate") from error


def certificates_in(data: bytes) -> tuple[bytes, ...]:
    """The certificates (DER) that a file holds: PEM, one in DER, or a bundle without signatures (PKCS #7, `.p7c`).

    These are the forms of RFC 5280, 4.2.2.1, and PEM, which servers give as often. Empty for anything else.
    """
    if b"-----BEGIN" in data:
        return tuple(_unpacked(data))
    try:
        (outer,) = _values(data)
        parts = _values(_expect(outer, _SEQUENCE))
        if parts[0].tag != _OID:
            return (data,)
        if parts[0].content != _SIGNED_DATA:
            return ()
        signed = _values(_expect(_values(parts[1].content)[0], _SEQUENCE))
        bundles = (part.content for part in signed if part.tag == 0xA0)
        return tuple(value.whole for bundle in bundles for value in _values(bundle) if value.tag == _SEQUENCE)
    except (ValueError, IndexError):
        return ()


def name_text(name: bytes) -> str:
    """The common name of a DER name, else its organisation, else its first part; "" where there is none. One line."""
    parts: dict[bytes, str] = {}
    try:
        for group in _values(_values(name)[0].content):
            for pair in _values(group.content):
                kind, text = _values(pair.content)
                decoded = text.content.decode(_CHARSETS.get(text.tag, "latin-1"), "replace")
                parts.setdefault(kind.content, tidy(decoded)[:100])
    except (ValueError, IndexError):
        return ""
    return parts.get(_COMMON_NAME) or parts.get(_ORGANIZATION) or next(iter(parts.values()), "")


def _unpacked(data: bytes) -> Iterator[bytes]:
    for match in _PEM.finditer(data):
        try:
            yield base64.b64decode(b"".join(match[1].split()), validate=True)
        except binascii.Error:
            continue


def _values(data: bytes) -> list[_Value]:
    """The DER values that follow one another in `data`. Raises ValueError where they do not fill it exactly."""
    found, at = [], 0
    while at < len(data):
        if len(data) < at + 2 or data[at] & 0x1F == 0x1F:
            raise ValueError("not DER")
        start, length = at + 2, data[at + 1]
        if length & 0x80:
            start, length = start + (length & 0x7F), int.from_bytes(data[start : start + (length & 0x7F)], "big")
        end = start + length
        if end > len(data):
            raise ValueError("not DER")
        found.append(_Value(data[at], data[start:end], data[at:end]))
        at = end
    return found


def _expect(value: _Value, tag: int) -> bytes:
    if value.tag != tag:
        raise ValueError("not a certificate")
    return value.content


def _time(value: _Value) -> datetime:
    """UTCTime or GeneralizedTime as certificates hold them (RFC 5280, 4.1.2.5); years of two digits from 1950."""
    text = value.content.decode("ascii")
    if value.tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _extensions(fields: list[_Value]) -> Iterator[tuple[bytes, bytes]]:
    for field in fields:
        if field.tag == 0xA3:
            for extension in _values(_values(field.content)[0].content):
                parts = _values(extension.content)
                yield parts[0].content, _expect(parts[-1], _OCTETS)


def _names(extension: bytes) -> Iterator[str]:
    for sequence in _values(extension):
        for name in _values(sequence.content):
            if name.tag == _DNS:
                yield tidy(name.content.decode("ascii", "replace"))[:255]
            elif name.tag == _IP and len(name.content) in (4, 16):
                yield str(ipaddress.ip_address(name.content))


def _issuer_urls(extension: bytes) -> Iterator[str]:
    for sequence in _values(extension):
        for access in _values(sequence.content):
            method, place = _values(access.content)
            if method.content == _CA_ISSUERS and place.tag == _URI:
                yield place.content.decode("ascii", "replace")
