"""Archives the bundled pages over real HTTP, without a network, and shows what came of them: `make demo`.

    python -m tests.demo [ARCHIVE]         ARCHIVE: folder to keep the records in; otherwise they go when it ends

A server on loopback plays the part of an HTTP proxy: asked for http://some.portal/page it answers with the fixture of
that address, so the records carry the addresses that the pages were published at. Only the program's own dependencies
are needed.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.fixture_pages import Fixture, load_fixtures

ROOT = Path(__file__).resolve().parents[1]
SHOWN = "thanhpho.bentre.gov.vn"


def plain(address: str) -> str:
    """The address over plain HTTP: a proxy would only pass encrypted bytes on."""
    return "http://" + address.partition("://")[2].partition("#")[0]


def server_of(pages: Mapping[str, Fixture]) -> ThreadingHTTPServer:
    """A proxy that knows these pages only, on a free port of 127.0.0.1. Spellings of an address (%2E, .) are one."""
    known = {unquote(address): page for address, page in pages.items()}

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = known.get(unquote(self.path))
            content = page.content if page else b"no such page"
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", page.content_type if page else "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Proxy)


def run(port: int, folder: str, *arguments: str) -> int:
    """Run `luutru …` as its own process in a folder, behind the proxy; the command is printed before its output."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    env = kept | {"http_proxy": f"http://127.0.0.1:{port}", "PYTHONPATH": str(ROOT)}
    print(f"\n$ luutru {shlex.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "luutru", *arguments], cwd=folder, env=env, check=False).returncode


def main(archive: Path | None = None) -> int:
    """The demonstration; 0 if every step went well."""
    where = ["--archive", str(archive.absolute())] if archive else []
    pages = {plain(one.url): one for one in load_fixtures() if one.url and not one.is_refusal}
    server = server_of(pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shown = next(address for address in pages if SHOWN in address)
    with server, tempfile.TemporaryDirectory() as folder:
        Path(folder, "addresses.txt").write_text("\n".join(pages) + "\n", "utf-8")
        steps = (["add", "--from", "addresses.txt"], ["list"], ["show", shown])
        codes = [run(server.server_port, folder, *step, *where) for step in steps]
        server.shutdown()
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
