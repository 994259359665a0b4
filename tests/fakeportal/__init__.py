"""A fake SharePoint portal: a real HTTP(S) server on loopback that behaves as ../shared/domain/sharepoint.md says.

    with FakePortal(version=2013, lists={"TinTuc": 2000}, doors=ALL - {"api"}) as portal:
        portal.publish("TinTuc", 3)          # → [2001, 2002, 2003]
        portal.edit("TinTuc", 7)
        portal.throttle(2, retry_after=1)    # the next two requests get 429
        portal.on("/Lists/TinTuc/AllItems.aspx", Answer(reset=True))
        harvest(portal.start)
        portal.count("/robots.txt"), portal.requests[0].headers, portal.items("TinTuc")

As its own process: `python -m tests.fakeportal --help`. `FakePortal` says all that can be set and where things lie.
"""

from tests.fakeportal.articles import CANARY
from tests.fakeportal.portal import RECOMMENDED_ROBOTS, FakePortal
from tests.fakeportal.routes import ALL

__all__ = ["ALL", "CANARY", "RECOMMENDED_ROBOTS", "FakePortal"]
