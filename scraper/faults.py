"""The only place where foreign exceptions of the network (requests, urllib3, ssl, http.client, OSError) become ours."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import zlib
from collections.abc import Iterator

import requests
import urllib3

from scraper.answers import Again
from scraper.errors import NetworkError
from scraper.text import tidy
from scraper.tls import PinMismatch, UnknownAnchor

_HINT = "check the address and the connection, or run again later"
TLS_HINT = "luutru doctor says what would help; if you know the issuer, give its certificate as an extra authority"
EXPIRED_HINT = "see whether the server is in order now, pin its certificate, or set a new day for this host"
_PIN_HINT = "ask the site's owner whether the certificate was renewed before you pin the new one"
_EXPLAINED = "luutru doctor says whether older TLS would help; the set-up is one to report to the server's owner"

_RESET = "the server closed the connection"
_BROKEN = "the answer broke off before its end"
# The first row that any link of the exception's chain belongs to decides: what to say, and whether it may pass.
_CAUSES: tuple[tuple[type[BaseException], str, bool], ...] = (
    (ConnectionRefusedError, "the connection was refused", True),
    (TimeoutError, "no answer in time", True),
    (urllib3.exceptions.ReadTimeoutError, "no answer in time", True),
    (http.client.IncompleteRead, _BROKEN, True),
    (ConnectionError, _RESET, True),
    (zlib.error, "its compressed body is damaged", False),
    (http.client.HTTPException, "the server does not speak proper HTTP", False),
    (urllib3.exceptions.ProtocolError, _BROKEN, True),
)
# OpenSSL's verification results (X509_V_ERR_…) and library reasons, in words.
_CERTIFICATE_FAULTS = {
    2: "its certificate's chain is incomplete, or its authority is not trusted here",
    9: "its certificate is not valid yet, or this machine's clock is wrong",
    10: "its certificate has expired",
    18: "its certificate is signed by itself",
    19: "its certificate comes from an authority that is not trusted here",
    20: "its certificate's chain is incomplete, or its authority is not trusted here",
    21: "its certificate's chain is incomplete, or its authority is not trusted here",
    23: "its certificate has been revoked",
    62: "its certificate belongs to another host",
    64: "its certificate belongs to another host",
}
INCOMPLETE = frozenset({2, 20, 21})
"""Verification results that a missing intermediate certificate gives (X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, …)."""
_TLS_FAULTS = {
    "DH_KEY_TOO_SMALL": "its TLS keys are too weak",
    "EE_KEY_TOO_SMALL": "its TLS keys are too weak",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it offers no TLS settings that are safe enough",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it offers only outdated TLS versions",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "it offers only outdated TLS renegotiation",
    "UNSUPPORTED_PROTOCOL": "it offers only outdated TLS versions",
    "WRONG_VERSION_NUMBER": "it does not speak TLS at this port",
}


@contextlib.contextmanager
def translated(source: str) -> Iterator[None]:
    """Raise what goes wrong with the network inside as NetworkError about `source`, in `Again` where it may pass."""
    try:
        yield
    except (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,  # malformed numbers and names in headers and chunks
        zlib.error,
    ) as error:
        cause, hint, passing = _diagnosis(error)
        fault = NetworkError(source, cause, hint=hint)
        raise (Again(fault) if passing else fault) from error


@contextlib.contextmanager
def unretried(source: str) -> Iterator[None]:
    """As `translated`, for what is tried once."""
    try:
        with translated(source):
            yield
    except Again as again:
        raise again.error from again.__cause__


def _diagnosis(error: BaseException) -> tuple[str, str, bool]:
    """What to say, the hint, and whether it may pass."""
    found = list(links(error))
    if any(isinstance(link, urllib3.exceptions.ProxyError) for link in found):
        return "the proxy cannot be reached or refuses", "check http_proxy, https_proxy and no_proxy", True
    for link in found:
        if isinstance(link, ssl.SSLError):
            return _tls_diagnosis(link)
        if isinstance(link, socket.gaierror):
            unknown = link.errno == socket.EAI_NONAME
            cause = "no host of that name is known" if unknown else "the host's name cannot be looked up"
            return cause, _HINT, not unknown
    for kind, cause, passing in _CAUSES:
        if any(isinstance(link, kind) for link in found):
            return cause, _HINT, passing
    for link in reversed(found):
        if isinstance(link, OSError) and link.errno:
            return os.strerror(link.errno).lower(), _HINT, True
    return tidy(f"{type(found[-1]).__name__}: {found[-1]}")[:200], _HINT, False


def _tls_diagnosis(error: ssl.SSLError) -> tuple[str, str, bool]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {certificate_fault(error)}", TLS_HINT, False
    if isinstance(error, PinMismatch):
        return f"TLS: its certificate is not the pinned one but {error.found}", _PIN_HINT, False
    if isinstance(error, UnknownAnchor):
        return "TLS: its completed chain ends in an authority that is not trusted here", TLS_HINT, False
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _RESET, _HINT, True
    reason = error.reason or "unknown"
    return f"TLS: {_TLS_FAULTS.get(reason, reason.replace('_', ' ').lower())}", _EXPLAINED, False


def certificate_fault(error: ssl.SSLCertVerificationError) -> str:
    """Why a certificate was refused, in words."""
    return _CERTIFICATE_FAULTS.get(error.verify_code, tidy(error.verify_message))


def links(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it wraps: as cause, as `reason` (urllib3), as an argument (requests). At most 20."""
    waiting: list[object] = [error]
    for _ in range(20):
        if not waiting:
            return
        link = waiting.pop(0)
        if isinstance(link, BaseException):
            yield link
            waiting += [link.__cause__, getattr(link, "reason", None), *link.args]
