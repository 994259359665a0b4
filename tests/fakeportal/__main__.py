"""The portal as its own process.

    python -m tests.fakeportal --version 2013 --lists TinTuc=2000,ThongBao=500 --host 127.0.0.2 --doors api,view

Prints its address and serves until stdin closes. A line on stdin is an order, answered by one line of JSON:
`publish TinTuc 30`, `edit TinTuc 7`, `delete TinTuc 7`, `forbid TinTuc 7`, `break_item TinTuc 7`, `items TinTuc`,
`throttle 5`, `count /robots.txt`, `requests` (how many so far).
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from tests import loopback_tls
from tests.fakeportal import ALL, FakePortal

_ORDERS = frozenset("publish edit delete forbid break_item items listed throttle count".split())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakeportal", description="A fake SharePoint portal.")
    parser.add_argument("--version", type=int, choices=(2010, 2013, 2019), default=2013)
    parser.add_argument("--lists", default="TinTuc=100", help="name=items, with commas between")
    parser.add_argument("--doors", default=",".join(sorted(ALL)), help="what is open, with commas between")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--page-size", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--validators", action="store_true", help="ETag and Last-Modified on article pages")
    parser.add_argument("--tls", action="store_true", help="HTTPS with the tests' own certificate")
    given = parser.parse_args()
    lists = {name: int(count) for name, _, count in (one.partition("=") for one in given.lists.split(","))}
    doors = set(filter(None, given.doors.split(",")))
    certificate = loopback_tls.CURRENT if given.tls else None
    with FakePortal(given.version, lists, doors, given.host, given.page_size, certificate) as portal:
        portal.latency, portal.validators = given.latency, given.validators
        print(portal.url(""), flush=True)
        for line in sys.stdin:
            print(json.dumps(_obey(portal, line.split())), flush=True)


def _obey(portal: FakePortal, order: list[str]) -> Any:
    """What the order gives, or a text that says why it cannot be."""
    if order == ["requests"]:
        return len(portal.requests)
    if not order or order[0] not in _ORDERS:
        return f"no such order: {' '.join(order)}"
    try:
        return getattr(portal, order[0])(*(int(word) if word.isdigit() else word for word in order[1:]))
    except (KeyError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
