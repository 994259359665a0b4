"""TLS policies at work under requests: each host's own Context, and its chain completed where its policy says so."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter

from scraper import chain
from scraper.addresses import shown
from scraper.errors import NetworkError
from scraper.faults import EXPIRED_HINT, INCOMPLETE, TLS_HINT, certificate_fault, links, unretried
from scraper.guard import TRIP, guard
from scraper.tls import Context, TlsFacts, TlsPolicy, Trust
from scraper.trip import Trip

if TYPE_CHECKING:
    from scraper.fetch import FetchOptions


class Handshake(Exception):
    """Ends an exchange right after the TLS handshake. facts: what it showed, None for plain HTTP."""

    def __init__(self, facts: TlsFacts | None) -> None:
        super().__init__()
        self.facts = facts


class Glance(Trip):
    """A trip that hangs up before anything is asked, but for a proxy's tunnel."""

    def admit(self, connection: Any) -> None:
        super().admit(connection)
        if connection.connected:
            raise Handshake(connection.facts)


class Adapter(HTTPAdapter):
    """Gives each host the Context of its TLS policy, and completes its chain where the policy says so."""

    def __init__(self, options: FetchOptions) -> None:
        self.trust = Trust(options.tls, options.extra_ca)
        self._options = options
        self._unverified: str | None = None  # the host whose certificate is just being looked at
        self._faults: dict[str, str] = {}  # why a host's chain could not be completed
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        guard(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        known = proxy in self.proxy_manager
        if not known:  # a proxy's own TLS is always strict
            kwargs["proxy_ssl_context"] = self.trust.context_for(TlsPolicy(), _bundle(True))
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not known:
            guard(manager)
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] != "https":
            return host, pool
        context = self._context(host["host"] or "", verify)
        return host, {"ssl_context": context, "cert_reqs": context.verify_mode}

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:
        """Nothing: pools are made with all they need."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """As HTTPAdapter; a second handshake, and nothing else twice, where a chain was incomplete.

        Raises NetworkError where it cannot be completed, and for a certificate that was to be accepted until a day that
        is over.
        """
        how: dict[str, Any] = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert, "proxies": proxies}
        host = urlsplit(request.url or "").hostname or ""
        while True:
            try:
                return super().send(request, **how)
            except requests.exceptions.SSLError as error:
                fault = next((link for link in links(error) if isinstance(link, ssl.SSLCertVerificationError)), None)
                if fault is None:
                    raise
                if self._may_complete(host, fault):
                    self._complete(host, request, TRIP.get(), how)  # once: then the host has its chain
                elif (over := self.trust.expired(host)) is not None:
                    cause = f"TLS: {certificate_fault(fault)}; that it is accepted all the same ended on {over}"
                    raise NetworkError(TRIP.get().source, cause, hint=EXPIRED_HINT) from error
                else:
                    raise

    def _may_complete(self, host: str, fault: ssl.SSLCertVerificationError) -> bool:
        wanted = self.trust.policy(host).complete_chain and host not in self.trust.chains
        return wanted and fault.verify_code in INCOMPLETE

    def _context(self, host: str, verify: bool | str) -> Context:
        if host == self._unverified:
            legacy = self.trust.policy(host).legacy
            return self.trust.context_for(TlsPolicy(legacy=legacy, insecure_until=date.max), _bundle(verify))
        return self.trust.context(host, _bundle(verify))

    def _complete(self, host: str, request: requests.PreparedRequest, trip: Trip, how: dict[str, Any]) -> None:
        """Fetch what is missing between a host's certificate and the authorities; once, whether it succeeds or not."""
        if host not in self._faults:
            bundle = _bundle(how["verify"])
            try:
                leaf, private = self._glance(host, request, trip, how)
                authorities = self.trust.authorities(self.trust.context(host, bundle), bundle)
                fetch = functools.partial(self._issuer, trip=trip, from_public=trip.from_public or not private)
                self.trust.chains[host] = chain.complete(leaf, authorities, fetch)
                return
            except chain.Incomplete as error:
                self._faults[host] = str(error)
        raise NetworkError(
            trip.source, f"TLS: its certificate's chain cannot be completed: {self._faults[host]}", hint=TLS_HINT
        )

    def _glance(
        self, host: str, request: requests.PreparedRequest, trip: Trip, how: dict[str, Any]
    ) -> tuple[bytes, bool]:
        """A host's certificate, unverified, and whether the host is in a private network. Nothing is sent to it."""
        self._unverified = host
        glance = Glance(trip.source, replace(self._options, total_timeout=trip.remaining()))
        timeouts = glance.timeouts(request.url or "")
        token = TRIP.set(glance)
        try:
            super().send(request, **{**how, "timeout": timeouts})
        except Handshake as shown:
            return (shown.facts.leaf if shown.facts else b""), not glance.from_public
        finally:
            TRIP.reset(token)
            self._unverified = None
            self.trust.seen.pop(host, None)
        raise chain.Incomplete("its certificate cannot be read")

    def _issuer(self, url: str, trip: Trip, from_public: bool) -> bytes:
        """What lies at a plain http address, for `chain.complete`: small, soon, not redirected, not in our network."""
        seconds = min(chain.MAX_SECONDS, trip.remaining())
        options = replace(self._options, total_timeout=seconds, max_bytes=chain.MAX_BYTES)
        errand = Trip(shown(url), options, from_public=from_public)
        headers = {"User-Agent": self._options.user_agent, "Accept": "*/*"}
        request = requests.Request("GET", url, headers=headers).prepare()
        proxies = requests.utils.get_environ_proxies(url)
        token = TRIP.set(errand)
        try:
            with errand.answers, unretried(errand.source):
                response = super().send(request, stream=True, timeout=errand.timeouts(url), proxies=proxies)
                errand.answers.callback(response.close)
                if response.status_code != 200:
                    raise NetworkError(errand.source, f"HTTP {response.status_code}")
                body: bytes = response.raw.read(chain.MAX_BYTES + 1, decode_content=False)
                if len(body) > chain.MAX_BYTES:
                    raise errand.too_large()
                return body
        finally:
            TRIP.reset(token)


def _bundle(verify: bool | str) -> str:
    """File or folder of the usual authorities: what the environment names, as requests reads it, else requests' own."""
    if isinstance(verify, str):
        return verify
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
