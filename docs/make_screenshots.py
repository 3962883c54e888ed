"""Photograph the interactive pages: ``python docs/make_screenshots.py [FOLDER]``.

It needs Chromium (``apt-get install chromium``) and the package playwright, which the extra ``dev`` brings.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import autotn as tn
from autotn import nn
from autotn.ir import Graph

SCREENSHOTS = Path(__file__).parent / "screenshots"


def training_step() -> Graph:
    """The network of the README, and what one step does to it."""
    tn.manual_seed(0)
    x = tn.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = tn.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
    optimizer = tn.optim.SGD(model.parameters(), lr=0.1)

    def step(x: tn.Tensor, y: tn.Tensor) -> tn.Tensor:
        guess = model(x)
        loss = ((guess - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return tn.graph(step, x, y)


def film(browser: Any, folder: Path) -> None:
    """The film in the middle of backward."""
    with tempfile.TemporaryDirectory() as place:
        page = browser.new_page(viewport={"width": 1180, "height": 760})
        page.goto(training_step().save(Path(place) / "film.html").as_uri())
        page.evaluate("film.openAll()")
        while "through sigmoid" not in page.locator("#where").inner_text():
            page.keyboard.press("ArrowRight")
        page.screenshot(path=folder / "film.png")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SCREENSHOTS
    folder.mkdir(exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        film(browser, folder)
        browser.close()
    for path in sorted(folder.iterdir()):
        print(path)


if __name__ == "__main__":
    main()
