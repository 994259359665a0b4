"""`luutru doctor`: what it finds wrong with real servers on loopback, and that the settings it prints do help."""

from __future__ import annotations

import itertools
import json
import socket
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from cli.exits import ExitCode
from scraper.doctor import CHECKS, OPTIONS, Finding, Patient, clock, diagnose, name_lookup
from scraper.politeness import Manners
from scraper.tls import TlsPolicy
from tests.certificates import START, Authority, Issued
from tests.conftest import Ran, Run
from tests.fakeportal import FakePortal
from tests.fetching import fetch
from tests.loopback import Answer, Loopback, _server_context
from tests.running import STEERING, TITLE, article
from tests.test_tls import serving

NAMES = ["dns", "connection", "tls", "answer", "clock", "robots.txt", "sharepoint", "page", "doors"]
QUICK = replace(OPTIONS, retries=0, connect_timeout=1.0, total_timeout=5.0)


def findings(url: str, now: datetime | None = None) -> dict[str, Finding]:
    patient = Patient(url, QUICK, *([lambda: now] if now else []), manners=lambda: Manners(url, delay=0))
    found = list(diagnose(patient))
    assert [finding.name for finding in found if finding.name != "certificate"] == NAMES
    assert patient.sick == any(finding.verdict == "fail" for finding in found)
    assert all(finding.advice for finding in found if finding.verdict == "fail")
    return {finding.name: finding for finding in found}


@pytest.fixture
def healthy(portal: Loopback) -> Loopback:
    portal.on("/tin", Answer(body=article(), headers={"MicrosoftSharePointTeamServices": "15.0.0.4569"}))
    portal.on("/robots.txt", Answer(body="User-agent: *\nDisallow: /_layouts/\nCrawl-delay: 0.2\n"))
    return portal


# The command


def test_a_host_in_order(run: Run, healthy: Loopback) -> None:
    ran = run("doctor", healthy.url("/tin"))
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    lines = [line.split(maxsplit=2) for line in ran.out.splitlines() if not line.startswith(" ")]
    assert [line[1] for line in lines] == NAMES
    assert {line[1]: line[0] for line in lines}["answer"] == "ok"
    for part in ("forbids /_layouts/; asks for 0.2 s", "SharePoint 2013", TITLE, "plain http", "a private address"):
        assert part in ran.out
    assert "settings file" not in ran.out
    asked = [request.target for request in healthy.requests]
    assert asked[:2] == ["/tin", "/robots.txt"] and asked.count("/tin") == 1
    assert not any(target.startswith("/_layouts/") for target in asked)


def test_for_machines(run: Run, healthy: Loopback) -> None:
    told = json.loads(run("doctor", healthy.url("/tin"), "--json").out)
    assert told.keys() == {"url", "fetchable", "findings", "settings"}
    assert (told["url"], told["fetchable"], told["settings"]) == (healthy.url("/tin"), True, None)
    assert [finding["name"] for finding in told["findings"]] == NAMES
    assert all(finding.keys() == {"name", "verdict", "detail", "advice"} for finding in told["findings"])


def test_nobody_listens(run: Run) -> None:
    with Loopback() as server:
        url = server.url()
    ran = run("doctor", url)
    assert ran.code == ExitCode.FETCH
    assert "fail     connection" in ran.out and "refused" in ran.out and "skipped  answer" in ran.out


@pytest.mark.parametrize("url", ["xa.example", "ftp://xa.example/", "https://", "http://me:secret@127.0.0.1/"])
def test_no_address(run: Run, url: str) -> None:
    ran = run("doctor", url)
    assert (ran.code, ran.out) == (ExitCode.INPUT, "") and "secret" not in ran.err


def test_nothing_that_a_terminal_obeys(run: Run, portal: Loopback) -> None:
    evil = "\x1b[31m\u202e\x9b"
    headers = {"Server": f"IIS{evil}", "MicrosoftSharePointTeamServices": f"15{evil}", "X-SharePointHealthScore": evil}
    portal.on("/tin", Answer(body=article(word=evil), headers=headers))
    with serving(Authority(f"Gốc{evil}").issue()) as secure:
        secure.on("/", Answer(302, headers={"Location": portal.url("/tin")}))
        for more in ((), ("--json",)):
            ran = run("doctor", secure.url(), *more)
            assert not STEERING.search(ran.out + ran.err)
            assert "[portal.tls]" in ran.out and "IIS" in ran.out and "HTTP 200" in ran.out


# TLS


@pytest.fixture
def prescribed(run: Run, tmp_path: Path) -> Callable[..., tuple[Ran, dict[str, object]]]:
    """prescribed(server, root): what doctor says where `root` is a usual authority, and the table to add; it helps."""

    def check(server: Loopback, root: Issued) -> tuple[Ran, dict[str, object]]:
        path = tmp_path / "usual.pem"
        path.write_text(root.pem)
        server.on("/", Answer(body=article()))
        ran = run("doctor", server.url(), env={"REQUESTS_CA_BUNDLE": str(path)})
        assert ran.code == ExitCode.OK, ran.out
        printed = ran.out.partition("For the settings file")[2].partition("\n")[2]
        table = tomllib.loads("[[portal]]\nname = 'x'\n" + printed)["portal"][0]["tls"]
        policy = TlsPolicy.from_table(table, "x", tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REQUESTS_CA_BUNDLE", str(path))
            assert fetch(server.url(), tls={"127.0.0.1": policy}).content
        return ran, table

    return check


def test_tls_in_order(run: Run, tmp_path: Path) -> None:
    root = Authority("Gốc")
    (tmp_path / "usual.pem").write_text(root.pem)
    with serving(root.issue()) as server:
        ran = run("doctor", server.url(), env={"REQUESTS_CA_BUNDLE": str(tmp_path / "usual.pem")})
    assert "ok       tls          TLSv1.3, verified, TLS_" in ran.out and "[portal.tls]" not in ran.out
    assert "ok       certificate  for localhost, 127.0.0.1; issued by Gốc; valid 2020-01-01 to 2120-01-01" in ran.out


def test_a_missing_intermediate(portal: Loopback, prescribed: Callable[..., tuple[Ran, dict[str, object]]]) -> None:
    root = Authority("Gốc")
    middle = Authority("Giữa", issuer=root)
    portal.on("/giua.cer", Answer(body=middle.der))
    with serving(middle.issue(aia=portal.url("/giua.cer"))) as server:
        ran, table = prescribed(server, root)
    assert table == {"complete_chain": True}
    assert "chain completed" in ran.out and "# 127.0.0.1: strict verification fails: its certificate's chain" in ran.out


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"end": START + timedelta(days=9)}, "has expired"),
        ({"names": ("khac.example",)}, "another host"),
        (None, "not trusted here"),
    ],
    ids=["expired", "of another host", "self-signed"],
)
def test_what_only_a_pin_helps(
    prescribed: Callable[..., tuple[Ran, dict[str, object]]], how: dict[str, object] | None, word: str
) -> None:
    root = Authority("Gốc")
    leaf = Authority("Lạ").issue() if how is None else root.issue(**how)
    with serving(leaf) as server:
        ran, table = prescribed(server, root)
    assert table == {"pin": leaf.sha256}
    assert word in ran.out and "# this one certificate is accepted: first make sure" in ran.out
    assert "insecure" not in ran.out


@pytest.mark.parametrize("trusted", [True, False])
def test_outdated_tls(prescribed: Callable[..., tuple[Ran, dict[str, object]]], trusted: bool) -> None:
    root = Authority("Gốc")
    leaf = root.issue()
    with serving(leaf, legacy=True) as server:
        try:
            fetch(server.url(), tls={"127.0.0.1": TlsPolicy(legacy=True, pin=leaf.sha256)})
        except Exception as error:
            pytest.skip(f"this OpenSSL has no TLS 1.0 or 1.1: {error}")
        _, table = prescribed(server, root if trusted else Authority("Khác"))
    assert table == ({"legacy": True} if trusted else {"legacy": True, "pin": leaf.sha256})


def test_insecure_comes_last_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that shows another untrusted certificate each time: not even a pin helps."""
    contexts = itertools.cycle([_server_context(Authority("Lạ").issue().pem) for _ in range(2)])
    with serving(Authority("Lạ").issue()) as server:
        server._tls.sni_callback = lambda stream, name, context: setattr(stream, "context", next(contexts))
        patient = Patient(f"https://localhost:{server.port}/", QUICK)
        tls = next(finding for finding in diagnose(patient) if finding.name == "tls")
    assert tls.verdict == "warn"
    assert "pin: its certificate is not the pinned one" in tls.detail
    assert tls.detail.endswith("; insecure_until: works)")
    assert "may be anyone's" in tls.advice
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    assert tomllib.loads(patient.settings) == {"portal": {"tls": {"insecure_until": until}}}


def test_no_tls_at_the_port(portal: Loopback) -> None:
    found = findings(portal.url().replace("http:", "https:"))
    assert found["tls"].verdict == "fail" and "does not speak TLS" in found["tls"].detail
    assert found["answer"].verdict == "skipped"


def test_what_is_configured_comes_first(secure_portal: Loopback, authority_file: str) -> None:
    secure_portal.on("/", Answer(body=article()))
    for policy, helps in ((TlsPolicy(extra_ca=authority_file), True), (TlsPolicy(pin="ab" * 32), False)):
        patient = Patient(secure_portal.url(), replace(QUICK, tls={"127.0.0.1": policy}))
        found = {finding.name: finding for finding in diagnose(patient)}
        assert found["tls"].verdict == ("ok" if helps else "warn")
        assert bool(patient.settings) != helps and not patient.sick
    assert "(configured: its certificate is not the pinned one but " in found["tls"].detail


def test_a_certificate_that_ends_soon(portal: Loopback) -> None:
    with serving(Authority("Gốc").issue()) as server:
        assert "ends in 9 days" in findings(server.url(), datetime(2119, 12, 23, tzinfo=UTC))["certificate"].advice


# Robots, clock, SharePoint, walls


@pytest.mark.parametrize(
    ("reply", "verdict", "words"),
    [
        (Answer(404), "ok", "none: HTTP 404"),
        (Answer(403), "ok", "none: HTTP 403"),
        (Answer(503), "warn", "HTTP 503"),
        (Answer(body="\ufeff<!DOCTYPE html><p>x"), "ok", "a page stands in its place"),
        (Answer(body=""), "ok", "allows /Lists/, /_layouts/, /Pages/"),
        (Answer(body="User-agent: luutru\nDisallow: /Pages/\n"), "warn", "forbids /Pages/"),
        (Answer(body="User-agent: otherbot\nDisallow: /\n"), "ok", "allows"),
        (Answer(body="User-agent: *\nDisallow: /\n"), "warn", "forbids this very address"),
    ],
    ids=["none", "closed", "in trouble", "a page", "empty", "one path", "for another", "everything"],
)
def test_robots(healthy: Loopback, reply: Answer, verdict: str, words: str) -> None:
    healthy.on("/robots.txt", reply)
    found = findings(healthy.url("/tin"))
    assert found["robots.txt"].verdict == verdict and words in found["robots.txt"].detail
    assert found["sharepoint"].detail.startswith("SharePoint 2013")  # by the page's header, not by that of robots.txt


@pytest.mark.parametrize(
    ("headers", "body", "verdict", "words"),
    [
        ({"MicrosoftSharePointTeamServices": "12.0.0.6421"}, "", "ok", "2007"),
        ({"microsoftsharepointteamservices": "14.0.0.6108", "X-SharePointHealthScore": "7"}, "", "ok", "score 7"),
        ({"MicrosoftSharePointTeamServices": "16.0.0.5000"}, "", "ok", "2016 or newer"),
        ({"MicrosoftSharePointTeamServices": "99"}, "", "ok", "of an unknown year"),
        ({}, '<script src="/_layouts/15/init.js">', "ok", "2013 or newer, by its page"),
        ({}, '<script src="/_layouts/init.js">', "ok", "by its page (/_layouts/)"),
        ({}, "", "warn", "no sign of SharePoint"),
    ],
)
def test_sharepoint(portal: Loopback, headers: dict[str, str], body: str, verdict: str, words: str) -> None:
    portal.on("/tin", Answer(body=article(more=body), headers=headers))
    finding = findings(portal.url("/tin"))["sharepoint"]
    assert finding.verdict == verdict and words in finding.detail


@pytest.mark.parametrize(
    ("reply", "check", "words"),
    [
        (Answer(302, headers={"Location": "/_layouts/15/Authenticate.aspx?Source=%2F"}), "answer", "log in"),
        (Answer(403), "answer", "HTTP 403"),
        (Answer(body="x", headers={"SharePointError": "0"}), "answer", "SharePointError"),
        (Answer(body="<html><title>Just a moment...</title><p>Checking your browser</p>"), "page", "challenge"),
        (Answer(body="<form><input name=u><input type=password name=p></form><p>Đăng nhập</p>"), "page", "login"),
    ],
    ids=["login", "forbidden", "soft error", "challenge", "password"],
)
def test_walls(portal: Loopback, reply: Answer, check: str, words: str) -> None:
    portal.on("/tin", reply)
    finding = findings(portal.url("/tin"))[check]
    assert finding.verdict == "fail" and words in finding.detail


def test_a_page_without_an_article_is_no_fault(portal: Loopback) -> None:
    portal.on("/tin", Answer(body="<html><body><p>Cổng thông tin xã Vàm Sáo</p></body></html>"))
    assert findings(portal.url("/tin"))["page"].verdict == "ok"


def test_clocks(portal: Loopback) -> None:
    now = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)

    def said(date: str | None) -> Finding:
        (finding,) = clock(Patient("http://xa.example/", now=lambda: now, headers={"Date": date} if date else {}))
        return finding

    assert said(format_datetime(now - timedelta(seconds=3), usegmt=True)).verdict == "ok"
    assert "7200 s ahead" in said(format_datetime(now + timedelta(hours=2), usegmt=True)).detail
    assert "7200 s behind" in said(format_datetime(now - timedelta(hours=2), usegmt=True)).detail
    assert {said(text).verdict for text in (None, "", "hôm qua", "Mon, 99 Jan 99999999999 00:00:00 GMT")} == {"skipped"}


# Names


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*addresses: str) -> Finding:
        def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "no")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        (finding,) = name_lookup(Patient("http://xa.example/"))
        return finding

    assert told("9.9.9.9", "9.9.9.9") == Finding("dns", "ok", "9.9.9.9")
    assert told("9.9.9.9", "10.0.0.7").verdict == "warn"
    assert told().verdict == "fail"


def test_through_a_proxy(portal: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", portal.url().replace("//", "//me:secret@"))
    portal.fallback = Answer(body=article())
    found = findings("http://xa.example/tin")
    assert found["dns"].verdict == found["connection"].verdict == "skipped" and "secret" not in str(found)
    assert found["page"].detail == f"an article: {TITLE}"


def test_another_check_is_one_function() -> None:
    def doors(patient: Patient) -> list[Finding]:
        return [Finding("doors", "fail", patient.host, "knock")]

    patient = Patient("http://xa.example/")
    assert list(diagnose(patient, [doors])) == [Finding("doors", "fail", "xa.example", "knock")]
    assert patient.sick and len(CHECKS) == len(NAMES)


def test_doors(run: Run, tmp_path: Path) -> None:
    with FakePortal(lists={"TinTuc": 7}, doors={"view", "forms"}) as portal:
        ran = run("doctor", portal.start, "--json")
        (doors,) = (one for one in json.loads(ran.out)["findings"] if one["name"] == "doors")
        assert doors["verdict"] == "ok", doors
        assert "view (7 listed)" in doors["detail"] and "api (access denied)" in doors["detail"]
        settings = tmp_path / "portals.toml"
        settings.write_text(f'[[portal]]\nname = "xa"\nstart = ["{portal.start}"]\ndelay = 0\n', "utf-8")
        assert run("doctor", portal.start, "--config", settings).code == 0
    with FakePortal(lists={"TinTuc": 7}, doors={"forms"}) as portal:
        ran = run("doctor", portal.article_url("TinTuc", 2), "--json")
        (doors,) = (one for one in json.loads(ran.out)["findings"] if one["name"] == "doors")
        assert doors["verdict"] == "warn" and "try the address of a list" in doors["advice"]
