"""How a plain client reads the fake portal, for its own tests: pages, rows, links, articles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Literal
from urllib.parse import urljoin
from xml.etree import ElementTree

import requests
from lxml import html

import luutru

Version = Literal[2010, 2013, 2019]
VERSIONS: tuple[Version, ...] = (2010, 2013, 2019)
LISTS = {"TinTuc": 230, "ThongBao": 45}
LIGHT, VERBOSE = "application/json;odata=nometadata", "application/json;odata=verbose"
ATOM = {"a": "http://www.w3.org/2005/Atom", "d": "http://schemas.microsoft.com/ado/2007/08/dataservices"}


def get(address: str, accept: str | None = None, **more: Any) -> requests.Response:
    return requests.get(address, headers={"Accept": accept} if accept else None, timeout=10, **more)


def record(address: str) -> dict[str, Any]:
    answer = get(address)
    return luutru.extract(answer.content, url=address, content_type=answer.headers["Content-Type"])


def flat(parts: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))


def down(first: int) -> list[int]:
    return list(range(first, 0, -1))


def pages(
    start: str, following: Callable[[requests.Response], str | None], limit: int = 60
) -> Iterator[requests.Response]:
    """Answers from `start` on, each leading to the next."""
    address: str | None = start
    for _ in range(60):
        if address is None:
            return
        answer = get(address)
        assert answer.status_code == 200 and "SharePointError" not in answer.headers
        yield answer
        address = following(answer)
    raise AssertionError("paging without an end")


def view_rows(answer: requests.Response) -> list[int]:
    if "WPQ2ListData" in answer.text:
        return [int(row["ID"]) for row in list_data(answer)["Row"]]
    assert answer.text.count("DispForm.aspx?ID=") == answer.text.count('class="ms-vb itx"')
    return [int(number) for number in re.findall(r'<div class="ms-vb itx" id="(\d+)"', answer.text)]


def list_data(answer: requests.Response) -> dict[str, Any]:
    start = re.search(r"WPQ2ListData = (?=\{)", answer.text)
    assert start is not None
    found: dict[str, Any] = json.JSONDecoder().raw_decode(answer.text[start.end() :])[0]
    return found


def view_link(answer: requests.Response, word: str = "NextHref", icon: str = "next") -> str | None:
    if "WPQ2ListData" in answer.text:
        link = list_data(answer).get(word)
        return urljoin(answer.url, link) if link else None
    links = html.fromstring(answer.text).xpath(f"//a[img[contains(@src, '{icon}.gif')]]")
    if not links:
        return None
    script = re.search(r'RefreshPageTo\(event, "(.*?)"\)', links[0].get("onclick"))
    assert script is not None and script[1].replace("\\u0026", "&") == links[0].get("href")
    return urljoin(answer.url, links[0].get("href"))


def api_answer(answer: requests.Response) -> tuple[list[int], str | None]:
    """(IDs, next address) in any of the formats."""
    assert answer.status_code == 200
    if "json" not in answer.headers["Content-Type"]:
        root = ElementTree.fromstring(answer.content)
        link = root.find("a:link[@rel='next']", ATOM)
        return [int(one.text or "") for one in root.findall(".//d:Id", ATOM)], link.get(
            "href"
        ) if link is not None else None
    body = answer.json()
    if "d" in body:
        return [row["Id"] for row in body["d"]["results"]], body["d"].get("__next")
    return [row["Id"] for row in body["value"]], body.get("odata.nextLink")


def teasers(answer: requests.Response) -> list[int]:
    return [int(number) for number in re.findall(r'<div class="cn-tin"><h3><a href=".*?ItemID=(\d+)"', answer.text)]


def hidden_inputs(answer: requests.Response) -> dict[str, str]:
    return {one.get("name"): one.get("value") for one in html.fromstring(answer.text).xpath("//input[@type='hidden']")}
