"""Which members of a container are wanted: by host, or by what shows SharePoint. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from scraper.addresses import portal_host
from scraper.models import Capture

# Paths and parameters that SharePoint gives its pages and items (2007 to Subscription Edition).
_ADDRESS = re.compile(
    r"/_layouts/|/(?:site)?pages/[^?#]*\.aspx|/lists/[^?#]+\.aspx|/forms/[^/?#]+\.aspx|/dispform\.aspx"
    r"|\.aspx\?(?:[^#]*&)?item_?id=\d",
    re.IGNORECASE,
)
# What its pages carry, counted on stored ones: generator, page context, web-part ids, form digest, scripts' folder.
_MARKUP = re.compile(
    rb"content=[\"']Microsoft SharePoint|_spPageContextInfo|MSOWebPartPage_|__REQUESTDIGEST|_spBodyOnLoadFunction"
    rb"|/_layouts/(?:15/|1033/|1066/)?[\w.-]+\.(?:js|css|aspx)|ctl00_(?:SPWebPartManager1_|ctl\d\d_|m_)g_[0-9a-f]{8}_",
    re.IGNORECASE,
)
_TEXT = re.compile(rb"Skip Ribbon Commands|Content Type: .{1,100}\s+Created at|Manage Permissions")
_HEADERS = frozenset(["microsoftsharepointteamservices", "sprequestguid", "x-sharepointhealthscore"])


def host_filter(hosts: Iterable[str]) -> Callable[[bytes], bool] | None:
    """Whether an address is on one of the hosts or on one below them; None where no host is named.

    hosts: names, or addresses on them. Raises InputError for one that cannot be.
    """
    names = [portal_host(host if "://" in host else f"http://{host}") for host in hosts]
    if not names:
        return None
    either = b"|".join(re.escape(name.encode("ascii")) for name in names)
    pattern = re.compile(
        rb"https?://(?:[^/@\\?#]{0,300}@)?(?:[^/@:\\?#]{1,300}\.)?(?:" + either + rb")\.?(?::\d+)?(?:[/?#]|$)",
        re.IGNORECASE,
    )
    return lambda url: pattern.match(url) is not None


def is_sharepoint(capture: Capture) -> bool:
    """Whether a page is one of SharePoint, by its address, its headers or what it carries."""
    if _ADDRESS.search(capture.info.final_url or ""):
        return True
    if any(name.lower() in _HEADERS for name, _ in capture.headers):
        return True
    return (_TEXT if capture.info.source in ("wet", "text") else _MARKUP).search(capture.content) is not None
