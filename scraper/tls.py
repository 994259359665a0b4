"""How strictly a host's TLS is taken: strict unless its portal's settings say otherwise, and never unsaid.

    policies per host → Trust → a Context for the host → its connections → TlsFacts, for the record

The rungs, mildest first: an extra authority, a chain completed and then verified, outdated TLS that is still verified,
one certificate pinned, and no verification until a day. A Context carries its policy into every handshake, so that what
it forbids cannot be forgotten by whoever opens the connection.
"""

from __future__ import annotations

import functools
import hashlib
import re
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from scraper.certificate import certificates_in, read_certificate
from scraper.errors import InputError

_WORDS = ("extra_ca", "complete_chain", "legacy", "pin", "insecure_until")
_LEGACY_CIPHERS = "DEFAULT:@SECLEVEL=0"  # OpenSSL 3 speaks TLS 1.0 and takes short keys at level 0 only
_LEGACY_SERVER_CONNECT = 0x4  # OpenSSL's SSL_OP_LEGACY_SERVER_CONNECT; Python names it from 3.12 on


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What is allowed for one host beyond strict verification. The default is strict.

    extra_ca: file of certificates (PEM) to trust besides the usual authorities.  complete_chain: fetch intermediate
    certificates that the server does not send, and verify with them; of `extra_ca` only self-signed ones count then.
    legacy: TLS from 1.0 on, old renegotiation, short keys; still verified.  pin: SHA-256 of the one certificate to
    accept, hexadecimal; its chain, dates and names are not looked at.  insecure_until: no verification at all up to
    and including this day (UTC), strict afterwards.
    """

    extra_ca: str | None = None
    complete_chain: bool = False
    legacy: bool = False
    pin: str | None = None
    insecure_until: date | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, object], origin: str, folder: Path) -> TlsPolicy:
        """Read the settings file's `[portal.tls]`.

        origin: how messages call the place.  folder: the settings file's, which `extra_ca` is relative to. Raises
        InputError for an unknown word, a value of the wrong kind, and what cannot go together.
        """
        for word in table:
            if word not in _WORDS:
                raise _bad(origin, f"unknown word {word!r}", f"the words are {', '.join(_WORDS)}")
        pin, until, extra = table.get("pin"), table.get("insecure_until"), table.get("extra_ca")
        if pin is not None:
            pin = re.sub("[:\\s]", "", pin.lower().removeprefix("sha256:")) if isinstance(pin, str) else ""
            if not re.fullmatch("[0-9a-f]{64}", pin):
                raise _bad(origin, "pin is not a SHA-256 of 64 hexadecimal digits", "luutru doctor prints it")
        if until is not None and (not isinstance(until, date) or isinstance(until, datetime)):
            raise _bad(origin, "insecure_until is not a day", "write it without quotes: insecure_until = 2026-12-31")
        if extra is not None:
            if not isinstance(extra, str) or not extra:
                raise _bad(origin, "extra_ca is not the name of a file")
            extra = str(folder / extra)
            if not Path(extra).is_file():
                raise _bad(origin, f"extra_ca: no such file: {extra}", "it is looked for beside the settings file")
        policy = cls(extra, _switch(table, "complete_chain", origin), _switch(table, "legacy", origin), pin, until)
        if pin and (extra or policy.complete_chain or until):
            others = "extra_ca, complete_chain or insecure_until"
            raise _bad(origin, f"pin goes with legacy only, not with {others}", "a pin stands in for verification")
        return policy

    def on(self, day: date) -> TlsPolicy:
        """What is left of it on that day: without `insecure_until` once it is over."""
        over = self.insecure_until is not None and day > self.insecure_until
        return replace(self, insecure_until=None) if over else self


def _switch(table: Mapping[str, object], word: str, origin: str) -> bool:
    value = table.get(word, False)
    if not isinstance(value, bool):
        raise _bad(origin, f"{word} is neither true nor false")
    return value


def _bad(origin: str, cause: str, hint: str = "") -> InputError:
    return InputError(origin, f"tls: {cause}", what="cannot use these settings", hint=hint)


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What one handshake showed. state: as records keep it.  sha256, names, issuer, not_after: of the certificate.

    leaf: the certificate itself, DER.  The rest is "" or None where the certificate cannot be read.
    """

    version: str
    cipher: str
    state: str
    leaf: bytes
    sha256: str
    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None


class PinMismatch(ssl.SSLError):
    """Another certificate than the pinned one. found: its SHA-256."""

    def __init__(self, found: str) -> None:
        super().__init__(f"pin mismatch: {found}")
        self.found = found


class UnknownAnchor(ssl.SSLError):
    """A completed chain that does not end in an authority trusted before."""


class Context(ssl.SSLContext):
    """TLS settings that enforce one policy on every handshake, before a byte is sent.

    usual, extra: certificates (DER) trusted, where a chain has to be looked at.  completed: whether fetched ones lie
    among them.  seen: what the last handshake with each host showed.  sealed: nobody changes what is verified any more;
    urllib3 would, where a host's pool and a proxy's own TLS are of different minds.
    """

    policy: TlsPolicy
    usual: frozenset[bytes]
    extra: frozenset[bytes]
    completed: bool
    seen: dict[str, TlsFacts]
    sealed = False

    def __setattr__(self, name: str, value: Any) -> None:
        if not (self.sealed and name in ("verify_mode", "check_hostname")):
            super().__setattr__(name, value)

    def examine(self, stream: Any) -> None:
        """Note what a finished handshake showed. Raises PinMismatch or UnknownAnchor (both ssl.SSLError)."""
        facts = _facts(stream, self._state(stream))
        stream.facts = self.seen[stream.server_hostname or ""] = facts
        if self.policy.pin and facts.sha256 != self.policy.pin:
            raise PinMismatch(facts.sha256)
        if self.completed:
            # The intermediates came over plain HTTP and lie among the trusted; OpenSSL takes none of them for an end of
            # the chain unless it is self-signed, and this does not depend on how OpenSSL tells that.
            chain = _verified_chain(stream)
            if not chain or chain[-1] not in self.usual | self.extra:
                raise UnknownAnchor("the completed chain does not end in a trusted authority")

    def _state(self, stream: Any) -> str:
        """`TLSv1.2, legacy, verified, chain completed`: what was used, for people and for the record."""
        parts = [stream.version() or "TLS"]
        if self.policy.legacy:
            parts.append("legacy")
        if self.policy.pin:
            return ", ".join([*parts, f"pinned {self.policy.pin[:16]}…"])
        if self.policy.insecure_until:
            return ", ".join([*parts, f"not verified (until {self.policy.insecure_until})"])
        extra = self.extra and not self.extra.isdisjoint(_verified_chain(stream) or self.extra)
        parts.append("verified with extra authority" if extra else "verified")
        if self.completed:
            parts.append("chain completed")
        return ", ".join(parts)


class _Socket(ssl.SSLSocket):
    facts: TlsFacts

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        if isinstance(self.context, Context):
            self.context.examine(self)


class _Object(ssl.SSLObject):
    """The same within another TLS connection, to a proxy."""

    facts: TlsFacts

    def do_handshake(self) -> None:
        super().do_handshake()
        if isinstance(self.context, Context):
            self.context.examine(self)


Context.sslsocket_class = _Socket
Context.sslobject_class = _Object


class Trust:
    """The TLS policies of one run: which Context each host gets. Completed chains are kept in memory.

    policies: by host, ASCII and lower case, without port.  extra_ca: file of certificates to trust for every host.
    today: the day in UTC.  seen: what the last handshake with each host showed.  chains: intermediates fetched so far.
    Raises InputError where a file of certificates cannot be used.
    """

    def __init__(
        self,
        policies: Mapping[str, TlsPolicy] | None = None,
        extra_ca: str | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.seen: dict[str, TlsFacts] = {}
        self.chains: dict[str, tuple[bytes, ...]] = {}
        self._policies = dict(policies or {})
        self._extra_ca = extra_ca
        self._today = today
        self._contexts: dict[tuple[TlsPolicy, tuple[bytes, ...], str], Context] = {}
        for path in (extra_ca, *(policy.extra_ca for policy in self._policies.values())):
            if path is not None:
                _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)

    def policy(self, host: str) -> TlsPolicy:
        """What holds for a host today."""
        return self._policies.get(host, TlsPolicy()).on(self._today())

    def expired(self, host: str) -> date | None:
        """The day until which a host was not verified, if that is over."""
        until = self._policies.get(host, TlsPolicy()).insecure_until
        return until if until is not None and self._today() > until else None

    def context(self, host: str, bundle: str) -> Context:
        """The Context for a host. bundle: file or folder of the usual authorities."""
        return self.context_for(self.policy(host), bundle, self.chains.get(host, ()))

    def context_for(self, policy: TlsPolicy, bundle: str, chain: tuple[bytes, ...] = ()) -> Context:
        """The Context of a policy, made once."""
        key = (policy, chain, bundle)
        if key not in self._contexts:
            self._contexts[key] = self._make(policy, bundle, chain)
            self._contexts[key].sealed = True
        return self._contexts[key]

    def _make(self, policy: TlsPolicy, bundle: str, chain: tuple[bytes, ...]) -> Context:
        context = Context(ssl.PROTOCOL_TLS_CLIENT)
        context.policy, context.completed, context.seen = policy, bool(chain), self.seen
        context.hostname_checks_common_name = False
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
        if policy.legacy:
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # TLS 1.0: Python's contexts exclude SSL 3
            context.options |= _LEGACY_SERVER_CONNECT
            context.set_ciphers(_LEGACY_CIPHERS)
        context.usual = context.extra = frozenset()
        if policy.pin or policy.insecure_until:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        own = [path for path in (self._extra_ca, policy.extra_ca) if path is not None]
        if Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            _load(context, bundle)
        for path in own:
            _load(context, path)
        if own or chain:
            context.usual = _usual(bundle)
            context.extra = frozenset(der for path in own for der in _certificates(path)) - context.usual
        _set_flags(context, policy, partial=bool(own) and not chain)
        if chain:
            context.load_verify_locations(cadata=b"".join(chain))
        return context

    def authorities(self, context: Context, bundle: str) -> frozenset[bytes]:
        """Names (DER) of the authorities that a context trusts: where a chain may end."""
        names = set()
        for der in _usual(bundle) | context.extra:
            try:
                certificate = read_certificate(der)
            except ValueError:
                continue
            if certificate.self_issued:
                names.add(certificate.subject)
        return frozenset(names)


def _set_flags(context: Context, policy: TlsPolicy, *, partial: bool) -> None:
    """X509_V_FLAG_PARTIAL_CHAIN: whether any certificate among the trusted ends a chain, or a self-signed one only.

    An extra authority does so whatever it is: its owner trusts that very certificate. A fetched intermediate must not.
    STRICT, Python's default from 3.13 on, refuses flaws of form, which outdated servers have: not with `legacy`.
    """
    flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    if partial:
        flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if sys.version_info >= (3, 13) and not policy.legacy:
        flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    context.verify_flags = flags


def _load(context: ssl.SSLContext, path: str) -> None:
    """Trust the certificates of a PEM file."""
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise InputError(
            path, "no usable certificates in it", hint="give a file of certificates in PEM form"
        ) from error


@functools.lru_cache(maxsize=8)
def _usual(bundle: str) -> frozenset[bytes]:
    path = Path(bundle)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return frozenset(der for file in files for der in _certificates(str(file)))


def _certificates(path: str) -> tuple[bytes, ...]:
    try:
        return certificates_in(Path(path).read_bytes())
    except OSError:
        return ()


def _verified_chain(stream: Any) -> tuple[bytes, ...] | None:
    """The chain that OpenSSL built and verified, DER, the server's first; None where Python does not tell.

    Python names it from 3.13 on; before, it is there under the same name one level below.
    """
    named = getattr(stream, "get_verified_chain", None)
    if named is not None:
        return tuple(named())
    below = getattr(stream._sslobj, "get_verified_chain", None)
    chain = below() if below is not None else None
    return None if chain is None else tuple(ssl.PEM_cert_to_DER_cert(found.public_bytes()) for found in chain)


def _facts(stream: Any, state: str) -> TlsFacts:
    leaf = stream.getpeercert(binary_form=True) or b""
    cipher = stream.cipher()
    known = (stream.version() or "", cipher[0] if cipher else "", state, leaf, hashlib.sha256(leaf).hexdigest())
    try:
        read = read_certificate(leaf)
    except ValueError:
        return TlsFacts(*known)
    return TlsFacts(*known, read.subject_name, read.issuer_name, read.names, read.not_before, read.not_after)


def facts_of(connection: Any) -> TlsFacts | None:
    """What the handshake of an http.client connection showed, once it is connected; None for plain HTTP."""
    stream = getattr(connection.sock, "sslobj", connection.sock)  # urllib3's TLS within TLS has the former
    if getattr(connection, "proxy_is_forwarding", False):
        return None  # a proxy's TLS is not the page's
    facts: TlsFacts | None = getattr(stream, "facts", None)
    return facts
