"""Portals as data: how a page is matched, what rules do and say, what `portals new` and `check` make of saved pages."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from scraper.errors import InputError
from scraper.extract import explain, extract
from scraper.models import Capture, CaptureInfo, Record
from scraper.portals import Portal, built_in, match_portal, parse_portal
from tests.conftest import Run
from tests.running import article, capture, save

NUMBERED = tuple("một hai ba".split())


def portal(rules: str, head: str = 'hosts = ["xa.example"]') -> Portal:
    """A portal named `vamsao` with these rules."""
    return parse_portal(f'name = "vamsao"\n{head}\n{rules}', "vamsao.toml")


def rule(field: str, xpath: str, count: int = 1) -> str:
    """A rule as a portal file writes it."""
    return f'[[rules]]\nfield = "{field}"\nxpath = "{xpath}"\ncount = {count}\n'


def read(rules: str) -> Record:
    """The record of a page of that portal."""
    return extract(capture(article().encode()), [portal(rules)])


def named(name: str, **facts: object) -> Portal:
    return Portal(name, **facts)  # type: ignore[arg-type]


def test_hosts_tell_a_portal_and_markers_only_where_there_are_none() -> None:
    by_host = named("host", hosts=("xa.example",), markers=("never-printed",))
    by_marks = named("marks", markers=("cn-tin", "cn-khung"))
    known = (by_marks, by_host)
    assert match_portal(known, "tin.xa.example", "cn-tin cn-khung") == (by_host, "host tin.xa.example")
    assert match_portal(known, "other.example", "never-printed") is None
    assert match_portal(known, "other.example", "cn-tin alone") is None
    assert match_portal(known, "", "cn-khung, cn-tin") == (by_marks, "markers cn-tin, cn-khung")


@pytest.mark.parametrize("pad", [0, 50_000])
def test_rules_come_first_then_the_product_that_the_page_names_first(pad: int) -> None:
    one, other = named("one", markers=("/_one/",)), named("other", markers=("/longer-other/",))
    ruled = portal(rule("title", "//h2"), 'markers = ["ruled"]')
    page = " " * pad + "/_one/ x /longer-other/ y"
    assert match_portal((other, one), "", page) == (one, "markers /_one/")
    assert match_portal((other, one, ruled), "", f"{page} ruled") == (ruled, "markers ruled")


def test_a_portal_speaks_of_its_days_only() -> None:
    old = named("old", hosts=("xa.example",), until=date(2018, 12, 31))
    new = named("new", hosts=("xa.example",), since=date(2019, 1, 1))
    for day, expected in ((date(2018, 5, 1), old), (date(2019, 1, 1), new), (None, new)):
        found = match_portal((old, new), "xa.example", "", day)
        assert found is not None and found[0] is expected


def test_built_in_portals_load() -> None:
    assert {"sharepoint", "vbpl", "wordpress"} <= {known.name for known in built_in()}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('hosts = ["a.example"]', "a name and hosts or markers are needed"),
        ('name = "a"\nhosts = []', "a name and hosts or markers are needed"),
        ('name = "a"\nhosts = ["a.example"]\nhost = 1', "unknown key 'host'"),
        ('name = "a"\nhosts = ["a.example"]\n' + rule("body", "//div["), "xpath '//div['"),
        ('name = "a"\nhosts = ["a.example"]\n' + rule("title", "id('x')/h2"), "write //div[@id='…']"),
        ('name = "a"\nhosts = ["a.example"]\n' + rule("titel", "//h2"), "field 'titel'"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_portal(text, "a.toml")
    assert "a.toml" in str(caught.value) and fault in str(caught.value)


def test_id_in_a_literal_is_no_call() -> None:
    assert portal(rule("title", "//h2[. = 'id(1)' or @id='x']")).rules


def test_a_rule_that_meets_its_number_wins() -> None:
    record = read(rule("section", "//p[@class='date']"))
    assert record.section == "14/02/2019 | Lục Thị Nhạn"
    assert record.evidence["section"].rule == "portal vamsao" and record.problems == ()


def test_a_rule_that_meets_another_number_says_so_and_the_general_rules_decide() -> None:
    plain = read("")
    record = read(rule("title", "//div[@class='news']/p"))
    assert (record.title, record.evidence["title"].rule) == (plain.title, "headline")
    problem = next(one for one in record.problems if one.code == "rule_count")
    assert problem.field == "title"
    assert problem.message == "portal vamsao: //div[@class='news']/p met 7 nodes, 1 stated"


def test_explain_shows_the_number_in_the_rules_place() -> None:
    attempts = explain(capture(article().encode()), [portal(rule("title", "//div[@class='news']/p"))]).attempts
    told = next(one for one in attempts if one.rule == "portal vamsao")
    assert told.verdict == "refused: //div[@class='news']/p met 7 nodes, 1 stated"


def test_no_node_and_any_number_are_no_problem() -> None:
    assert read(rule("title", "//h5")).problems == ()
    assert read(rule("summary", "//div[@class='news']/p[starts-with(., 'Sáng')]", count=0)).problems == ()


def test_a_rule_behind_a_winner_is_no_problem_either() -> None:
    rules = rule("title", "//h1") + rule("title", "//div[@class='news']/p")
    assert read(rules).problems == ()
    story = explain(capture(article().encode()), [portal(rules)])
    assert story.record is not None and story.record.problems == ()


def test_a_stated_body_is_the_portals_in_evidence() -> None:
    xpath = "//div[@class='news']/p[starts-with(., 'Sáng mười hai')]"
    record = read(rule("body", xpath))
    assert record.body_text.startswith("Sáng mười hai tháng Giêng") and "\n" not in record.body_text
    assert (record.evidence["body_text"].rule, record.evidence["body_text"].node) == ("portal vamsao", xpath)


def test_a_stated_body_that_meets_too_many_leaves_it_to_the_zones() -> None:
    record = read(rule("body", "//div[@class='news']/p"))
    assert record.body_text == read("").body_text and record.evidence["body_text"].rule == "article_zone"
    assert [(one.code, one.field) for one in record.problems] == [("rule_count", "body_text")]


def pages(folder: Path, n: int = 2) -> list[Path]:
    """Saved pages of one portal, of different articles."""
    return [save(folder, f"{word}.html", title=f"Chợ nổi {word} họp sớm") for word in NUMBERED[:n]]


def test_new_without_addresses_writes_markers_that_know_the_pages_again(run: Run, tmp_path: Path) -> None:
    saved = pages(tmp_path)
    made = run("portals", "new", *saved, "--name", "vamsao", "--write", tmp_path / "mine")
    assert made.code == 0, made.err
    text = (tmp_path / "mine" / "vamsao.toml").read_text("utf-8")
    own = parse_portal(text, "vamsao.toml")
    assert own.hosts == () and set(own.markers) == {"title", "date", "news"}
    checked = run("portals", "check", saved[0], "--portals", tmp_path / "mine", "--name", "vamsao")
    assert {json.loads(line)["portal"] for line in checked.out.splitlines()} == {"vamsao"}


def test_new_needs_something_that_tells_the_portal(run: Run, tmp_path: Path) -> None:
    for word in NUMBERED[:2]:
        (tmp_path / f"{word}.html").write_text(f"<p>Chợ {word} họp sớm ở vàm, ghe hàng đậu bến trên.</p>", "utf-8")
    made = run("portals", "new", *(tmp_path / f"{word}.html" for word in NUMBERED[:2]))
    assert made.code == 3 and "they share no name of their own: give --url" in made.err and made.out == ""


def test_new_with_addresses_writes_hosts(run: Run, tmp_path: Path) -> None:
    saved = pages(tmp_path)
    urls = [part for n in (7, 8) for part in ("--url", f"https://xa.vamsao.example/tin?ItemID={n}")]
    made = run("portals", "new", *saved, *urls, "--name", "vamsao")
    own = parse_portal(made.out, "vamsao.toml")
    assert own.hosts == ("xa.vamsao.example",) and own.markers == ()


def test_check_knows_a_saved_page_by_the_address_it_is_given(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    rules = rule("title", "//h1") + rule("author", "//h6")
    (folder / "vamsao.toml").write_text(f'name = "vamsao"\nhosts = ["xa.vamsao.example"]\n{rules}', "utf-8")
    page = save(tmp_path)
    assert run("portals", "check", page, "--portals", folder).code == 3
    checked = run("portals", "check", page, "--portals", folder, "--url", "https://xa.vamsao.example/tin?ItemID=7")
    told = [json.loads(line) for line in checked.out.splitlines()]
    assert [(one["field"], one["fired"], one["verdict"]) for one in told] == [
        ("author", 0, "never fired"),
        ("title", 1, "fired"),
    ]
    assert checked.code == 7


@pytest.mark.parametrize(
    ("canonical", "og", "url", "rule_name"),
    [
        ("http://sp-web02/tin/7.html", "", None, ""),
        ("http://10.0.0.4/tin/7.html", "", None, ""),
        ("http://localhost/tin/7.html", "http://sp-web02/tin/7.html", None, ""),
        ("http://sp-web02/tin/7.html", "https://xa.example/tin/7.html", "https://xa.example/tin/7.html", "og_url"),
        ("https://xa.example/tin/8.html", "", "https://xa.example/tin/8.html", "canonical_link"),
    ],
)
def test_an_internal_server_is_no_public_address(canonical: str, og: str, url: str | None, rule_name: str) -> None:
    head = f'<link rel="canonical" href="{canonical}"><meta property="og:url" content="{og}">'
    content = article().replace("</head>", f"{head}</head>").encode()
    record = extract(Capture(content, CaptureInfo(source="file")))
    assert record.url == url
    assert (record.evidence["url"].rule if url else "") == rule_name


def test_the_address_that_a_user_gives_is_kept_whatever_it_is() -> None:
    info = CaptureInfo(source="file", requested_url="http://sp-web02/tin/7.html")
    assert extract(Capture(article().encode(), info)).url == "http://sp-web02/tin/7.html"
