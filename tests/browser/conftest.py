"""A headless Chromium for the pages that autotn writes.

On Debian and Ubuntu ``apt-get install chromium`` brings it; it is driven by the package playwright of the extra
``dev``, which needs no browser of its own. Where there is none, these tests are skipped and say so.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium to open pages with: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # Its own sandbox needs rights that containers lack; the pages are ours.
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


class Opened:
    """A page from disk, with everything it complained of and everything it asked the network for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"{error}: {error.stack}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def outside(self) -> list[str]:
        """Requests that left this machine's disk."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "about:"))]


@pytest.fixture(scope="session")
def window(browser: Any) -> Any:
    """One window for all tests, offline: what should not leave can't."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    context.set_default_timeout(30_000)
    return context


@pytest.fixture
def open_page(window: Any) -> Iterator[Callable[[Path], Opened]]:
    """Open a file as a user does; at the end the page must have been quiet and stayed off the network."""
    opened: list[Opened] = []

    def open_file(path: Path) -> Opened:
        found = Opened(window.new_page())
        opened.append(found)
        found.page.goto(path.as_uri())
        return found

    yield open_file
    for one in opened:
        one.page.close()
        assert one.complaints == []
        assert one.outside() == []
