"""The portal as tests hold it: its switches, what they do to it, and what every answer carries."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Literal
from urllib.parse import quote

from tests.fakeportal.frame import BUILDS, Frame
from tests.fakeportal.items import Item, NewsList
from tests.fakeportal.routes import ALL, find
from tests.loopback import Answer, Loopback, Reply, Request

OPEN_ROBOTS = "User-agent: *\nDisallow: /_admin/\n"
RECOMMENDED_ROBOTS = (
    "User-agent: *\nDisallow: /_layouts/\nDisallow: /Lists/\nDisallow: /SiteAssets/\nDisallow: /_catalogs/\n"
)
"""What a common recommendation for SharePoint forbids: obeying it closes forms, views, feeds and attachments."""


class FakePortal(Loopback):
    """The server, a context manager; all attributes below may be changed while it runs.

    version: 2010, 2013 or 2019.  lists: name of each list → items in it at first, with the IDs 1 to that number.
    doors: what is open: "api", "odata", "owssvr", "view", "feed", "sitemap", "section", "forms" (DispForm.aspx) and
    "pages" (`/Pages/tin.aspx?ItemID=N`).  refusal: how the others answer, and forbidden items: "401" (redirect to
    AccessDenied.aspx for items), or "login" (redirect to Authenticate.aspx).  2010 has neither `_api` nor sitemap.
    page_size: rows on a page of AllItems.aspx.  section_size: articles on a section's.  top_size: rows of Top.aspx.
    newest_first: order of AllItems.aspx.  threshold: items above which the list view threshold strikes.
    forms: who draws DispForm.aspx, "server" or "client"; by default the server in 2010.
    json_light: whether `_api` knows more than Atom and verbose JSON.
    health: X-SharePointHealthScore, a number, None for no header, or a function of the request's number (from 0).
    robots: text, None (404), or an Answer.  latency: seconds before each answer.
    validators: whether article pages have ETag and Last-Modified and answer 304; attachments always do.
    gate: what stands before everything but robots.txt: None, "login" (redirect to Authenticate.aspx), "form" (a login
    page with 200), "challenge" (a page that checks the browser, 200), or a base address that the site moved to (301).

    Per list X with the slug x (`TinTuc`: `tin-tuc`): `/Lists/X` → `AllItems.aspx`; `Top.aspx` (not paged);
    `DispForm.aspx?ID=N`; `/Pages/tin.aspx?ItemID=N` for the first list, `/Pages/x.aspx?ItemID=N` for each; sections
    `/x.aspx?Page=N` and `/Pages/x.aspx?Page=N`, by postback `/x-grid.aspx`; the print view pFormPrint.aspx.

    Where SharePoint shows editors' logins and mail addresses, so does this: CANARY is part of each and may reach no
    record, log or ledger.
    """

    def __init__(
        self,
        version: Literal[2010, 2013, 2019] = 2013,
        lists: Mapping[str, int] | None = None,
        doors: Collection[str] = ALL,
        host: str = "127.0.0.1",
        page_size: int = 100,
        certificate: str | None = None,
    ) -> None:
        if unknown := set(doors) - ALL:
            raise ValueError(f"no such doors: {', '.join(sorted(unknown))}")
        self.version = version
        self.lists = {name: NewsList(name, count) for name, count in (lists or {"TinTuc": 30}).items()}
        self.doors = set(doors)
        self.page_size, self.section_size, self.top_size, self.sitemap_size = page_size, 20, 30, 5_000
        self.newest_first, self.threshold, self.json_light = True, 5_000, True
        self.forms: Literal["server", "client"] = "server" if version == 2010 else "client"
        self.refusal: Literal["401", "login"] = "401"
        self.health: float | Callable[[int], float | None] | None = 0
        self.robots: str | Answer | None = OPEN_ROBOTS
        self.latency = 0.0
        self.validators = False
        self.gate: str | None = None
        self.frame = Frame(version, list(self.lists.values()))
        self.turns = itertools.count(1)
        self._numbers = itertools.count()
        self._throttled: list[Answer] = []
        super().__init__(host, certificate)
        self.base = self.url("")
        self.fallback = lambda request: find(self, request)

    def __enter__(self) -> FakePortal:
        return self

    @property
    def start(self) -> str:
        """Address of the first list."""
        return self.starts[0]

    @property
    def starts(self) -> list[str]:
        """Address of each list."""
        return [self.url(place.path) for place in self.lists.values()]

    def publish(self, name: str, n: int = 1) -> list[int]:
        """Add n items; gives their IDs."""
        return self.lists[name].publish(n)

    def edit(self, name: str, number: int) -> None:
        """Change an item: a paragraph more, a new version, and a later date of modification."""
        self.lists[name].edit(number)

    def delete(self, name: str, number: int) -> None:
        """Remove an item for good; its ID is never used again."""
        self.lists[name].delete(number)

    def forbid(self, name: str, number: int, *, listed: bool = False) -> None:
        """Close an item to anonymous readers.

        Listings leave it out, as SharePoint's do, unless `listed`; ItemCount and `items` count it all the same.
        """
        self.lists[name].mark(number, "forbidden", listed)

    def break_item(self, name: str, number: int) -> None:
        """Let an item's pages answer 200 without an article. Listings still name it."""
        self.lists[name].mark(number, "broken", listed=True)

    def items(self, name: str) -> list[int]:
        """The IDs there now, forbidden ones too: as many as ItemCount says."""
        return list(self.lists[name].ids)

    def listed(self, name: str) -> list[int]:
        """The IDs that anonymous listings name."""
        return list(self.lists[name].shown)

    def throttle(self, n: int, status: int = 429, retry_after: int | str | None = 2) -> None:
        """Turn the next n requests away, whatever they ask for."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._throttled = [Answer(status, headers=headers, body="The server is busy.")] * n

    def article_url(self, name: str, number: int) -> str:
        """Address of an item: its form, or its web-part page where forms are closed."""
        if "forms" in self.doors:
            return self.url(f"{self.lists[name].path}/DispForm.aspx?ID={number}")
        return self.page_url(name, number)

    def page_url(self, name: str, number: int) -> str:
        """Address of an item's web-part page."""
        return self.url(f"{self.article_path(name)}?ItemID={number}")

    def article_path(self, name: str) -> str:
        """Path of the web-part page that shows a list's items."""
        return "/Pages/tin.aspx" if name == next(iter(self.lists)) else f"/Pages/{self.lists[name].slug}.aspx"

    def login_redirect(self, request: Request) -> Answer:
        """The way to the login page."""
        source = quote(request.target, safe="")
        return Answer(302, headers={"Location": f"{self.frame.layouts}Authenticate.aspx?Source={source}"})

    def listed_addresses(self) -> list[tuple[str, Item]]:
        """(address, item) of everything that a crawler of the portal would find."""
        url = self.page_url if "pages" in self.doors else self.article_url
        pairs = ((name, place.items[number]) for name, place in self.lists.items() for number in place.shown)
        return [(url(name, item.id), item) for name, item in pairs]

    def _reply(self, request: Request) -> Reply:
        number = next(self._numbers)
        try:
            answer = self._throttled.pop()
        except IndexError:
            reply = super()._reply(request)
            answer = reply if isinstance(reply, Answer) else reply(request)
        if answer.raw is not None:
            return answer
        headers = {
            "Server": "Microsoft-IIS/7.5",
            "MicrosoftSharePointTeamServices": BUILDS[self.version],
            "SPRequestGuid": str(uuid.UUID(int=(number + 1) << 40)),
            "Cache-Control": "private, max-age=0",
        }
        score = self.health(number) if callable(self.health) else self.health
        if score is not None:
            headers["X-SharePointHealthScore"] = str(score)
        return replace(answer, headers=headers | dict(answer.headers), pause=answer.pause or self.latency)
