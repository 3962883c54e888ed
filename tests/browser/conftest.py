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


class Window:
    """A window with one page, offline: what should not leave can't. It notes complaints and requests."""

    def __init__(self, browser: Any) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
        context.set_default_timeout(30_000)
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda e: self.complaints.append(f"{e}: {e.stack}"))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        return self.page

    def check(self) -> None:
        """The page was quiet, and nothing left this machine's disk."""
        self.page.goto("about:blank")
        complaints, self.complaints[:] = self.complaints[:], []
        requests, self.requests[:] = self.requests[:], []
        assert complaints == []
        assert [url for url in requests if not url.startswith(("file:", "data:", "about:"))] == []


@pytest.fixture(scope="session")
def window(browser: Any) -> Window:
    """One window for all tests: a new one for each would take longer than most of them."""
    return Window(browser)


@pytest.fixture
def open_page(window: Window) -> Iterator[Callable[[Path], Any]]:
    """Open a file as a user does; at the end the page must have been quiet and stayed off the network."""
    yield window.open
    window.check()


@pytest.fixture
def open_timed_page(browser: Any) -> Iterator[Callable[[Path], Any]]:
    """The same in a window of its own, whose clock the test may set."""
    window = Window(browser)
    yield window.open
    window.check()
    window.page.context.close()
