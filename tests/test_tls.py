"""The TLS ladder: each rung does what it says and no more, on real servers; what was used is on record."""

from __future__ import annotations

import select
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.certificate import certificates_in, name_text, read_certificate
from scraper.chain import DEPTH, Incomplete, complete
from scraper.errors import FetchError, InputError, NetworkError
from scraper.fetch import FetchOptions
from scraper.tls import TlsPolicy, Trust
from scraper.transfer import Client
from tests import loopback_tls
from tests.certificates import END, START, Authority, Issued, bundle
from tests.fetching import failure, fetch
from tests.loopback import Answer, Loopback, _server_context

HOST = "127.0.0.1"
TODAY = datetime.now(UTC).date()


@contextmanager
def serving(certificate: Issued | str, legacy: bool = False) -> Iterator[Loopback]:
    with Loopback(certificate=certificate if isinstance(certificate, str) else certificate.pem) as server:
        if legacy:
            context = server._tls
            assert context is not None
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.maximum_version = ssl.TLSVersion.TLSv1_1
        server.on("/", Answer(body="xin chào"))
        yield server


def state(server: Loopback, policy: TlsPolicy, **options: object) -> str | None:
    return fetch(server.url(), tls={HOST: policy}, **options).info.tls


def refusal(server: Loopback, policy: TlsPolicy, **options: object) -> FetchError:
    """The error; and nothing reached the server's application."""
    before = len(server.requests)
    error = failure(NetworkError, server.url(), tls={HOST: policy}, **options)
    assert len(server.requests) == before
    assert error.hint
    return error


def saved(folder: Path, *certificates: Issued) -> str:
    path = folder / "ca.pem"
    path.write_text("".join(certificate.pem for certificate in certificates))
    return str(path)


# Extra authorities


def test_an_extra_authority_of_one_host(tmp_path: Path) -> None:
    root = Authority("Gốc")
    with serving(root.issue()) as server:
        policy = TlsPolicy(extra_ca=saved(tmp_path, root))
        assert state(server, policy) == "TLSv1.3, verified with extra authority"
        error = failure(NetworkError, server.url(), tls={"localhost": policy})
        assert "not trusted" in error.cause and "luutru doctor" in error.hint


def test_an_intermediate_may_be_the_extra_authority(tmp_path: Path) -> None:
    middle = Authority("Giữa", issuer=Authority("Gốc"))
    with serving(middle.issue()) as server:
        assert state(server, TlsPolicy(extra_ca=saved(tmp_path, middle))) == "TLSv1.3, verified with extra authority"


def test_an_extra_authority_excuses_nothing_else(tmp_path: Path) -> None:
    root = Authority("Gốc")
    policy = TlsPolicy(extra_ca=saved(tmp_path, root))
    with serving(root.issue(end=START + timedelta(days=9))) as server:
        assert "has expired" in refusal(server, policy).cause
    with serving(root.issue(names=("khac.example",))) as server:
        assert "another host" in refusal(server, policy).cause


def test_what_is_not_an_authoritys_file(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("xin chào")
    with pytest.raises(InputError, match="no usable certificates"):
        Trust({HOST: TlsPolicy(extra_ca=str(tmp_path / "x.pem"))})


# Completed chains


@pytest.fixture
def missing(portal: Loopback, tmp_path: Path) -> Iterator[tuple[Loopback, TlsPolicy, Authority, Authority]]:
    """A server that sends its own certificate only; the intermediate lies on `portal` at /giua.cer."""
    root = Authority("Gốc")
    middle = Authority("Giữa", issuer=root)
    portal.on("/giua.cer", Answer(body=middle.der, content_type="application/pkix-cert"))
    with serving(middle.issue(aia=portal.url("/giua.cer"))) as server:
        yield server, TlsPolicy(extra_ca=saved(tmp_path, root), complete_chain=True), root, middle


def test_a_missing_intermediate_is_fetched_once(
    missing: tuple[Loopback, TlsPolicy, Authority, Authority], portal: Loopback
) -> None:
    server, policy, _, _ = missing
    from scraper.fetch import Fetcher

    server.on("/2", Answer(body="x", headers={"Connection": "close"}))
    with Fetcher(FetchOptions(tls={HOST: policy}, retries=0)) as fetcher:
        states = {fetcher.fetch(server.url(path)).info.tls for path in ("/2", "/2", "/")}
    assert states == {"TLSv1.3, verified with extra authority, chain completed"}
    assert [request.target for request in portal.requests] == ["/giua.cer"]
    assert portal.requests[0].headers["user-agent"].startswith("luutru/")
    assert [request.target for request in server.requests] == ["/2", "/2", "/"]


def test_without_completion_it_stays_incomplete(missing: tuple[Loopback, TlsPolicy, Authority, Authority]) -> None:
    server, policy, _, _ = missing
    assert "incomplete" in refusal(server, TlsPolicy(extra_ca=policy.extra_ca)).cause


@pytest.mark.parametrize("form", ["pem", "p7c", "p7c with the root"])
def test_other_forms_of_the_missing_certificate(
    missing: tuple[Loopback, TlsPolicy, Authority, Authority], portal: Loopback, form: str
) -> None:
    server, policy, root, middle = missing
    bodies = {"pem": middle.pem.encode(), "p7c": bundle(middle), "p7c with the root": bundle(root, middle)}
    portal.on("/giua.cer", Answer(body=bodies[form]))
    assert state(server, policy) == "TLSv1.3, verified with extra authority, chain completed"


def test_an_intermediate_is_never_an_anchor(portal: Loopback, tmp_path: Path) -> None:
    """Its root is not trusted: fetched or not, the host is not verified."""
    root, trusted = Authority("Gốc lạ"), Authority("Gốc")
    middle = Authority("Giữa", issuer=root, aia=portal.url("/goc.cer"))
    portal.on("/giua.cer", Answer(body=middle.der))
    portal.on("/goc.cer", Answer(body=root.der))
    policy = TlsPolicy(extra_ca=saved(tmp_path, trusted), complete_chain=True)
    with serving(middle.issue(aia=portal.url("/giua.cer"))) as server:
        cause = refusal(server, policy).cause
    assert "chain cannot be completed: its authority, Gốc lạ, is not trusted here" in cause
    assert portal.count("/goc.cer") == 1


def chained(policy: TlsPolicy, *fetched: bytes) -> tuple[Trust, Client]:
    """A client that has been handed such intermediates, as if `complete` had let them pass."""
    client = Client(FetchOptions(tls={HOST: policy}))
    client.trust.chains[HOST] = fetched
    return client.trust, client


@pytest.mark.parametrize("twist", ["an intermediate", "a root", "its name in other letters", "the server's own"])
def test_whatever_is_fetched_is_never_trusted(tmp_path: Path, twist: str) -> None:
    """OpenSSL compares names in lower case: `GỐC` is its own issuer `Gốc`, and would pass for a root."""
    other = saved(tmp_path, Authority("Gốc"))
    above = Authority("Trên")
    if twist == "an intermediate":
        signer = Authority("Giữa", issuer=above)
    elif twist == "a root":
        signer = above
    else:
        signer = Authority("GOC LA", issuer_name="Goc la")
    leaf = signer.issue()
    fetched = leaf.der if twist == "the server's own" else signer.der
    with serving(leaf) as server:
        _, client = chained(TlsPolicy(extra_ca=other, complete_chain=True), fetched)
        with pytest.raises(NetworkError, match="not trusted here"):
            client.handshake(server.url(), "cổng")
        client.close()


def test_a_completed_chain_excuses_nothing_else(portal: Loopback, tmp_path: Path) -> None:
    root = Authority("Gốc")
    middle = Authority("Giữa", issuer=root)
    portal.on("/giua.cer", Answer(body=middle.der))
    policy = TlsPolicy(extra_ca=saved(tmp_path, root), complete_chain=True)
    with serving(middle.issue(aia=portal.url("/giua.cer"), names=("khac.example",))) as server:
        assert "another host" in refusal(server, policy).cause
    with serving(middle.issue(aia=portal.url("/giua.cer"), end=START + timedelta(days=9))) as server:
        assert "has expired" in refusal(server, policy).cause


AIA_ANSWERS = {
    "not there": (Answer(404), "HTTP 404"),
    "a redirect": (Answer(302, headers={"Location": "/khac.cer"}), "HTTP 302"),
    "a page": (Answer(body="<html>"), "does not give the certificate of Giữa"),
    "endless": (Answer(body=lambda: iter(lambda: b"0" * 9999, None)), "more than 0.065536 MB"),
    "slow": (Answer(body="x" * 99, drip=(1, 0.2)), "not complete"),
}


@pytest.mark.parametrize("name", AIA_ANSWERS)
def test_a_missing_certificate_that_cannot_be_had(
    missing: tuple[Loopback, TlsPolicy, Authority, Authority],
    portal: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    server, policy, _, _ = missing
    answer, cause = AIA_ANSWERS[name]
    monkeypatch.setattr("scraper.chain.MAX_SECONDS", 0.5)
    portal.on("/giua.cer", answer)
    portal.on("/khac.cer", Answer(body="x"))
    said = refusal(server, policy).cause
    assert "chain cannot be completed" in said and cause in said
    assert portal.count("/khac.cer") == 0


def test_the_missing_certificate_of_a_public_host_is_not_sought_in_our_network(
    missing: tuple[Loopback, TlsPolicy, Authority, Authority], portal: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, policy, _, _ = missing
    private: list[str] = []

    def is_private(host: str) -> bool:
        private.append(host)
        return len(private) > 2  # the server's peer and name pass for public, what comes then does not

    monkeypatch.setattr("scraper.trip.is_private", is_private)
    assert "private network" in refusal(server, policy).cause
    assert portal.requests == []


def test_the_way_up_is_bounded() -> None:
    authorities = [Authority("Bậc 0")]
    for number in range(1, DEPTH + 2):
        authorities.append(
            Authority(f"Bậc {number}", issuer=authorities[-1], aia=f"http://ca.example/{number - 1}.cer")
        )
    asked: list[str] = []

    def fetch_it(url: str) -> bytes:
        asked.append(url)
        return authorities[int(url[-5])].der

    leaf = authorities[-1].issue(aia=f"http://ca.example/{DEPTH + 1}.cer").der
    with pytest.raises(Incomplete, match="no trusted authority within"):
        complete(leaf, (), fetch_it)
    assert len(asked) == DEPTH
    known = read_certificate(authorities[2].der).subject
    assert complete(leaf, {known}, fetch_it) == tuple(one.der for one in authorities[:2:-1])


@pytest.mark.parametrize("aia", [None, "https://ca.example/x", "ldap://ca.example/x", "http://me:pw@ca.example/x"])
def test_addresses_that_are_not_asked(aia: str | None) -> None:
    def never(url: str) -> bytes:
        raise AssertionError(url)

    with pytest.raises(Incomplete) as caught:
        complete(Authority("Gốc").issue(aia=aia).der, (), never)
    assert "pw" not in str(caught.value)


# Legacy


def test_outdated_tls_is_still_verified(tmp_path: Path) -> None:
    root = Authority("Gốc")
    extra = saved(tmp_path, root)
    with serving(root.issue(), legacy=True) as server:
        strict = refusal(server, TlsPolicy(extra_ca=extra)).cause
        assert "outdated TLS" in strict or "safe enough" in strict
        try:
            said = state(server, TlsPolicy(extra_ca=extra, legacy=True))
        except NetworkError as error:
            pytest.skip(f"this OpenSSL has no TLS 1.0 or 1.1: {error.cause}")
        assert said == "TLSv1.1, legacy, verified with extra authority"
        assert "not trusted" in refusal(server, TlsPolicy(legacy=True)).cause


def test_legacy_with_a_modern_server(secure_portal: Loopback, authority_file: str) -> None:
    secure_portal.on("/", Answer(body="x"))
    policy = TlsPolicy(extra_ca=authority_file, legacy=True)
    assert state(secure_portal, policy) == "TLSv1.3, legacy, verified with extra authority"


# Pins


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pin_stands_for_chain_dates_and_name(legacy: bool) -> None:
    leaf = Authority("Gốc").issue(names=("khac.example",), end=START + timedelta(days=9))
    with serving(leaf) as server:
        said = state(server, TlsPolicy(pin=leaf.sha256, legacy=legacy))
        assert said == f"TLSv1.3, {'legacy, ' if legacy else ''}pinned {leaf.sha256[:16]}…"


def test_another_certificate_than_the_pinned(secure_portal: Loopback, authority_file: str) -> None:
    """Though it would be trusted. The error tells the new one."""
    error = refusal(secure_portal, TlsPolicy(pin="ab" * 32), extra_ca=authority_file)
    now = read_certificate(certificates_in(loopback_tls.CURRENT.encode())[0]).sha256
    assert error.cause == f"TLS: its certificate is not the pinned one but {now}"
    assert "owner" in error.hint


# Insecure until


def test_no_verification_until_a_day() -> None:
    with serving(loopback_tls.EXPIRED) as server:
        assert state(server, TlsPolicy(insecure_until=TODAY)) == f"TLSv1.3, not verified (until {TODAY})"


def test_that_day_is_over(secure_portal: Loopback, authority_file: str) -> None:
    over = TODAY - timedelta(days=2)
    policy = TlsPolicy(insecure_until=over)
    error = refusal(secure_portal, policy)
    assert "not trusted" in error.cause and error.cause.endswith(f"ended on {over}") and "pin" in error.hint
    secure_portal.on("/", Answer(body="x"))
    assert state(secure_portal, policy, extra_ca=authority_file) == "TLSv1.3, verified with extra authority"


def test_the_day_itself_still_counts() -> None:
    day = date(2026, 12, 31)
    for today, until in ((day, day), (day + timedelta(days=1), None)):
        trust = Trust({HOST: TlsPolicy(insecure_until=day)}, today=lambda today=today: today)
        assert trust.policy(HOST).insecure_until == until
        assert trust.expired(HOST) == (None if until else day)
    assert Trust().expired(HOST) is None


def test_a_redirect_meets_the_policy_of_each_host(secure_portal: Loopback, authority_file: str) -> None:
    """127.0.0.1 is let off verification, localhost is not."""
    secure_portal.redirect("/", f"https://localhost:{secure_portal.port}/2")
    secure_portal.on("/2", Answer(body="x"))
    policies = {HOST: TlsPolicy(insecure_until=TODAY)}
    assert "not trusted" in failure(NetworkError, secure_portal.url(), tls=policies).cause
    policies["localhost"] = TlsPolicy(extra_ca=authority_file)
    said = fetch(secure_portal.url(), tls=policies).info.tls
    assert said == "TLSv1.3, verified with extra authority"


def test_a_proxys_own_tls_is_strict_whatever_the_host_may(
    secure_portal: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", secure_portal.url().rstrip("/"))
    error = failure(NetworkError, "https://cong.example/", tls={"cong.example": TlsPolicy(insecure_until=TODAY)})
    assert secure_portal.requests == [] and ("proxy" in error.cause or "not trusted" in error.cause)


@pytest.mark.parametrize("secure", [False, True], ids=["http proxy", "https proxy"])
def test_through_a_proxys_tunnel(
    missing: tuple[Loopback, TlsPolicy, Authority, Authority],
    portal: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    authority_file: str,
    secure: bool,
) -> None:
    """TLS within the proxy's TLS obeys the host's policy like any other; the missing certificate comes by the proxy."""
    server, policy, _, middle = missing
    portal.on(portal.url("/giua.cer"), Answer(body=middle.der))
    with tunnel(server.port, loopback_tls.CURRENT if secure else None) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.setenv("http_proxy", portal.url().rstrip("/"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority_file)
        assert state(server, policy) == "TLSv1.3, verified with extra authority, chain completed"
        assert "incomplete" in refusal(server, TlsPolicy(extra_ca=policy.extra_ca)).cause
        assert "not the pinned one" in refusal(server, TlsPolicy(pin="ab" * 32)).cause
        assert state(server, TlsPolicy(insecure_until=TODAY)) == f"TLSv1.3, not verified (until {TODAY})"
    assert [request.target for request in portal.requests] == [portal.url("/giua.cer")]


@contextmanager
def tunnel(port: int, certificate: str | None) -> Iterator[str]:
    """The address of a proxy that leads every CONNECT to a port of this machine."""
    context = _server_context(certificate) if certificate else None
    listener = socket.create_server((HOST, 0))

    def carry(inner: socket.socket, outer: socket.socket) -> None:
        while True:
            pending = isinstance(inner, ssl.SSLSocket) and inner.pending()
            ready = [inner] if pending else select.select([inner, outer], [], [], 1)[0]
            if not ready:
                return
            for source in ready:
                piece = source.recv(65_536)
                if not piece:
                    return
                (outer if source is inner else inner).sendall(piece)

    def serve(inner: socket.socket) -> None:
        with suppress(OSError), inner, socket.create_connection((HOST, port)) as outer:
            stream = context.wrap_socket(inner, server_side=True) if context else inner
            with stream:
                asked = b""
                while not asked.endswith(b"\r\n\r\n") and (letter := stream.recv(1)):
                    asked += letter
                if not asked.startswith(b"CONNECT "):
                    return
                stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                carry(stream, outer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=serve, args=(listener.accept()[0],)))
                threads[-1].start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield f"{'https' if certificate else 'http'}://{HOST}:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join()


def test_nobody_loosens_a_context_afterwards(authority_file: str) -> None:
    context = Trust().context("xa.example", authority_file)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED


# What a handshake shows


def test_a_handshake_asks_nothing_and_tells_all(secure_portal: Loopback, authority_file: str) -> None:
    client = Client(FetchOptions(extra_ca=authority_file))
    facts = client.handshake(secure_portal.url(), "cổng")
    assert facts is not None and client.trust.seen == {HOST: facts}
    assert (facts.version, facts.issuer, facts.names) == ("TLSv1.3", "luutru test authority", ("localhost", HOST))
    assert facts.cipher.startswith("TLS_") and facts.not_after == datetime(2120, 1, 1, tzinfo=UTC)
    assert len(facts.sha256) == 64 and facts.state == "TLSv1.3, verified with extra authority"
    client.close()
    assert secure_portal.requests == []


# The settings file


def test_a_table_of_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")

    def read(**table: object) -> TlsPolicy:
        return TlsPolicy.from_table(table, "luutru.toml: portal thixa", tmp_path)

    assert read() == TlsPolicy()
    whole = read(extra_ca="ca.pem", complete_chain=True, legacy=True, insecure_until=date(2026, 12, 31))
    assert whole == TlsPolicy(str(tmp_path / "ca.pem"), True, True, None, date(2026, 12, 31))
    pin = "SHA256:" + ":".join(["Ab"] * 32)
    assert read(pin=pin, legacy=True) == TlsPolicy(pin="ab" * 32, legacy=True)


@pytest.mark.parametrize(
    ("table", "cause"),
    [
        ({"verify": False}, "unknown word 'verify'"),
        ({"pin": "abc"}, "64 hexadecimal digits"),
        ({"pin": 7}, "64 hexadecimal digits"),
        ({"legacy": 1}, "legacy is neither true nor false"),
        ({"complete_chain": "yes"}, "complete_chain is neither true nor false"),
        ({"insecure_until": "2026-12-31"}, "insecure_until is not a day"),
        ({"insecure_until": datetime(2026, 12, 31)}, "insecure_until is not a day"),
        ({"extra_ca": "khong-co.pem"}, "extra_ca: no such file"),
        ({"extra_ca": ""}, "extra_ca is not the name of a file"),
        ({"pin": "ab" * 32, "complete_chain": True}, "pin goes with legacy only"),
        ({"pin": "ab" * 32, "insecure_until": date(2026, 1, 1)}, "pin goes with legacy only"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, table: dict[str, object], cause: str) -> None:
    with pytest.raises(InputError) as caught:
        TlsPolicy.from_table(table, "luutru.toml: portal thixa", tmp_path)
    assert str(caught.value).startswith("cannot use these settings: luutru.toml: portal thixa: tls: ")
    assert cause in caught.value.cause


# Reading certificates


def test_a_certificate_is_read_as_openssl_reads_it() -> None:
    root = Authority("Cơ quan chứng thực xã Vàm Sáo")
    leaf = root.issue(aia="http://ca.example/a.cer", names=("xa.example", "*.xa.example", "192.0.2.7", "2001:db8::1"))
    read = read_certificate(leaf.der)
    assert read.issuer_name == "Cơ quan chứng thực xã Vàm Sáo" and read.subject_name == "Máy chủ cổng xã"
    assert (read.not_before, read.not_after) == (START, END)
    assert read.names == ("xa.example", "*.xa.example", "192.0.2.7", "2001:db8::1")
    assert read.issuer_urls == ("http://ca.example/a.cer",)
    assert read.sha256 == leaf.sha256 and not read.self_issued
    assert read_certificate(root.der).self_issued and read_certificate(root.der).subject == read.issuer


def test_every_usual_authority_is_read() -> None:
    from requests.adapters import DEFAULT_CA_BUNDLE_PATH

    found = certificates_in(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes())
    assert len(found) > 50
    for der in found:
        read = read_certificate(der)
        assert read.subject_name and read.not_before < read.not_after


_LEAF = Authority("Gốc").issue(aia="http://ca.example/a.cer").der


@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(_LEAF) - 1), st.binary(max_size=4)))
def test_whatever_is_no_certificate_is_a_value_error(noise: bytes | tuple[int, bytes]) -> None:
    if isinstance(noise, tuple):
        at, put = noise
        noise = _LEAF[:at] + put + _LEAF[at + len(put) :]
    for read in (read_certificate, name_text, certificates_in):
        try:
            read(noise)
        except ValueError:
            assert read is read_certificate


def test_bytes_after_a_certificate_are_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        read_certificate(_LEAF + _LEAF)


def test_python_tells_what_chain_it_verified() -> None:
    """Completed chains rest on it: below 3.13 under an inner name."""
    import _ssl

    assert hasattr(_ssl._SSLSocket, "get_verified_chain")
    assert sys.version_info < (3, 13) or hasattr(ssl.SSLSocket, "get_verified_chain")
