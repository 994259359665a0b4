"""What is handed over, as it is seen: pywb replays it and a real browser shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import browser
from tests.captured import IMAGE, MOVED, OTHER, PAGE, PDF, PDF_CONTENT, UNCAPTURED, captured, png
from tests.conftest import Run
from tests.running import DYKE, TITLE
from tests.tools import got, replaying, tool

# What pywb shows stands in a frame below its banner.
SHOWN = """(() => {
  const page = document.querySelector("#replay_iframe")?.contentDocument;
  const [image] = page?.images ?? [], title = page?.querySelector("h1");
  return title && image?.complete && [title.innerText.trim(), image.naturalWidth, page.body.innerText];
})()"""


@pytest.fixture(params=["warc.gz", "wacz"])
def replay(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> str:
    """Address of a collection that holds the export of an archive, and nothing else."""
    for name in ("wb-manager", "wayback"):
        tool(name)
    captured(tmp_path)
    file = tmp_path / f"out.{request.param}"
    assert run("export", "--format", request.param.removesuffix(".gz"), "-o", file).code == 0
    collection = request.getfixturevalue("open_collection")
    address: str = collection(tmp_path / "pywb", file)
    return address


@pytest.fixture
def open_collection(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """Serve a file with pywb until the test ends."""

    def serve(folder: Path, file: Path) -> str:
        served = replaying(folder, file)
        address = served.__enter__()
        request.addfinalizer(lambda: served.__exit__(None, None, None))
        return address

    return serve


def test_pywb_replays_every_capture(replay: str) -> None:
    assert "Chợ dời vào bãi bồi." not in got(f"{replay}/20240301080000id_/{PAGE}").decode()
    assert "Chợ dời vào bãi bồi." in got(f"{replay}/20240402093000id_/{PAGE}").decode()
    for moment in ("20240301080000", "20240503100000"):  # the second is a revisit
        assert got(f"{replay}/{moment}id_/{IMAGE}") == png()
        assert DYKE in got(f"{replay}/{moment}id_/{OTHER}").decode()
    assert got(f"{replay}/2024id_/{PDF}") == PDF_CONTENT
    assert "Chợ dời vào bãi bồi." in got(f"{replay}/20240402093000mp_/{MOVED}").decode()
    with pytest.raises(OSError, match="404"):
        got(f"{replay}/2024id_/{UNCAPTURED}")


def test_a_browser_shows_the_article_and_its_image(replay: str, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as chromium:
        chromium.visit(f"{replay}/20240402093000/{PAGE}")
        title, width, text = chromium.until(SHOWN) or (None, None, "")
    assert (title, width) == (TITLE, 40) and "Chợ dời vào bãi bồi." in text
