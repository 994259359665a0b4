"""The certificates that a server forgot to send: fetched where the ones before them say that they lie (caIssuers).

What comes here is untrusted: it came over plain HTTP, and anyone may have changed it. `complete` only gathers it;
`scraper.tls` lets OpenSSL verify the server again with it, and refuses a chain that ends in anything but an authority
that was trusted before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from scraper.addresses import request_url, shown
from scraper.certificate import Certificate, certificates_in, read_certificate
from scraper.errors import LuutruError

DEPTH = 4
"""Most certificates that are fetched for one host; longer chains do not occur."""
MAX_BYTES = 65_536
"""Longest answer, in bytes; a certificate has about 2 KB."""
MAX_SECONDS = 10.0
"""Longest time for one answer."""


class Incomplete(Exception):
    """The missing certificates cannot be had; its text says why."""


def complete(leaf: bytes, authorities: Collection[bytes], fetch: Callable[[str], bytes]) -> tuple[bytes, ...]:
    """The intermediate certificates (DER) above a server's own, at most DEPTH.

    authorities: names (DER) of the trusted ones; the way up ends below them.  fetch: gives what lies at an http
    address, raising LuutruError.  No self-issued certificate is among the result. Raises Incomplete.
    """
    found: list[bytes] = []
    try:
        certificate = read_certificate(leaf)
    except ValueError as error:
        raise Incomplete("its certificate cannot be read") from error
    while certificate.issuer not in authorities:
        if len(found) == DEPTH:
            raise Incomplete(f"no trusted authority within {DEPTH} certificates")
        issuer = _issuer(certificate, fetch)
        if issuer.self_issued:
            raise Incomplete(f"its authority, {issuer.subject_name or 'without a name'}, is not trusted here")
        found.append(issuer.der)
        certificate = issuer
    return tuple(found)


def _issuer(certificate: Certificate, fetch: Callable[[str], bytes]) -> Certificate:
    """The issuer's certificate, from the first address that gives one of that name."""
    fault = f"no address is given for the certificate of {certificate.issuer_name or 'its issuer'}"
    for url in certificate.issuer_urls[:DEPTH]:
        if not url.lower().startswith("http:"):  # https would need a chain itself (RFC 5280, section 8)
            continue
        try:
            answer = fetch(request_url(url))
        except LuutruError as error:
            fault = f"{shown(url, 200)}: {error.cause}"
            continue
        for candidate in map(_read, certificates_in(answer)):
            if candidate is not None and candidate.subject == certificate.issuer:
                return candidate
        fault = f"{shown(url, 200)} does not give the certificate of {certificate.issuer_name or 'its issuer'}"
    raise Incomplete(fault)


def _read(der: bytes) -> Certificate | None:
    try:
        return read_certificate(der)
    except ValueError:
        return None
