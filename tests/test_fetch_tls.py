"""scraper.fetch and its connections: none, unknown hosts, proxies' and servers' TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from scraper.errors import InputError, NetworkError
from scraper.fetch import Fetcher, FetchOptions
from tests import loopback_tls
from tests.fetching import PAGE, Pauses, failure, fetch
from tests.loopback import Answer, Loopback

# Connections


def test_nobody_listens() -> None:
    with Loopback() as server:
        url = server.url()
    error = failure(NetworkError, url, retries=2)
    assert error.cause == "the connection was refused"
    assert error.hint
    assert error.__cause__ is not None


def test_unknown_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(code: int) -> Callable[..., None]:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror(code, "no")

        return fail

    pauses = Pauses()
    monkeypatch.setattr(socket, "getaddrinfo", lookup(socket.EAI_NONAME))
    assert "no host of that name" in failure(NetworkError, "http://cong.example/", pauses=pauses, retries=3).cause
    assert pauses == []
    monkeypatch.setattr(socket, "getaddrinfo", lookup(socket.EAI_AGAIN))
    assert "looked up" in failure(NetworkError, "http://cong.example/", pauses=pauses, retries=3).cause
    assert len(pauses) == 3


# TLS


def test_https(secure_portal: Loopback, authority_file: str) -> None:
    secure_portal.on("/", Answer(body=PAGE, coding="gzip"))
    info = fetch(secure_portal.url(), extra_ca=authority_file).info
    assert info.tls == "TLSv1.3, verified with extra authority"
    assert info.bytes == len(PAGE.encode())


def test_deadline_over_https(secure_portal: Loopback, authority_file: str) -> None:
    secure_portal.on("/", Answer(body=PAGE, drip=(1, 0.02), drip_head=True))
    options = {"extra_ca": authority_file, "total_timeout": 0.3}
    assert "not complete" in failure(NetworkError, secure_portal.url(), **options).cause


def test_downgrade_is_on_record(portal: Loopback, secure_portal: Loopback, authority_file: str) -> None:
    secure_portal.redirect("/", portal.url("/1"))
    portal.redirect("/1", "/2")
    portal.redirect("/up", secure_portal.url("/end"))
    portal.on("/2", Answer(body="x"))
    secure_portal.on("/end", Answer(body="x"))
    assert (
        fetch(secure_portal.url(), extra_ca=authority_file).info.tls
        == "TLSv1.3, verified with extra authority, then plain http"
    )
    assert fetch(portal.url("/up"), extra_ca=authority_file).info.tls == "TLSv1.3, verified with extra authority"


def test_certificates_are_verified(authority_file: str, secure_portal: Loopback) -> None:
    pauses = Pauses()
    error = failure(NetworkError, secure_portal.url(), pauses=pauses, retries=3)
    assert "not trusted" in error.cause
    assert "extra authority" in error.hint
    with Loopback(certificate=loopback_tls.EXPIRED) as expired:
        assert "has expired" in failure(NetworkError, expired.url(), extra_ca=authority_file).cause
    assert pauses == []
    assert secure_portal.requests == []


def test_certificate_of_another_host(authority_file: str) -> None:
    try:
        server = Loopback("127.0.0.2", certificate=loopback_tls.CURRENT)
    except OSError:
        pytest.skip("this system has only one loopback address")
    with server:
        assert "another host" in failure(NetworkError, server.url(), extra_ca=authority_file).cause


def test_tls_at_a_port_without(portal: Loopback) -> None:
    url = portal.url().replace("http:", "https:")
    assert failure(NetworkError, url, retries=3).cause.startswith("TLS: it does not speak TLS")


def test_extra_ca_must_be_usable(tmp_path: Path) -> None:
    (tmp_path / "rong.pem").write_text("")
    for path in (tmp_path / "rong.pem", tmp_path / "khong-co.pem", tmp_path):
        with pytest.raises(InputError, match="no usable certificates"):
            Fetcher(FetchOptions(extra_ca=str(path)))
