"""The film in a real browser: opened from disk, worked by pointer and by keys, for four kinds of network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import autotn as tn
from autotn import nn
from autotn.ir import Graph
from tests.browser.networks import NETWORKS


@cache
def graph_of(network: str) -> Graph:
    return NETWORKS[network]()


@pytest.fixture(params=NETWORKS)
def film(request: Any, tmp_path: Path, open_page: Callable[[Path], Any]) -> Any:
    """The page of one network."""
    path = graph_of(request.param).save(tmp_path / "film.html")
    return open_page(path)


def boxes(page: Any) -> int:
    return page.locator("#picture .box").count()


def where(page: Any) -> str:
    return page.locator("#where").inner_text()


def last_step(page: Any) -> int:
    return int(page.locator("#slider").get_attribute("max"))


def test_it_begins_with_a_picture_that_can_be_read(film: Any) -> None:
    assert 3 <= boxes(film) <= 300
    assert where(film).startswith("before the run")
    scale = film.evaluate("film.canvas.scale")
    assert 0.5 <= scale <= 1.5


#: Writes down what the page says of each step it comes to.
LOG = """() => {
  window.log = [];
  new MutationObserver(() => window.log.push([
    document.querySelector('#where').textContent,
    document.querySelectorAll('#picture .active').length,
    document.querySelector('#panel h2').textContent,
  ])).observe(document.querySelector('#where'), { childList: true });
}"""


def check_log(film: Any) -> None:
    """Every step was come to once, in order, lit in the picture and told in the panel."""
    log = film.evaluate("window.log")
    assert len(log) == last_step(film)
    for k, (words, lit, told) in enumerate(log, 1):
        assert words.startswith(f"step {k} of ")
        assert lit >= 1
        assert told
    verbs = {words.split(" · ")[1].split(" ")[0] for words, _, _ in log}
    assert verbs == {"forward", "backward", "gradient"}


def test_every_step_by_click(film: Any) -> None:
    film.evaluate(LOG)
    place = film.locator("[data-do=on]").bounding_box()
    for _ in range(last_step(film)):
        film.mouse.click(place["x"] + 5, place["y"] + 5)
    check_log(film)
    film.locator("[data-do=back]").click()
    assert where(film).startswith(f"step {last_step(film) - 1} ")
    film.locator("[data-do=first]").click()
    assert where(film).startswith("before")
    film.locator("[data-do=last]").click()
    assert where(film).startswith(f"step {last_step(film)} ")


def test_every_step_by_key(film: Any) -> None:
    film.evaluate(LOG)
    film.locator("#picture").focus()
    for _ in range(last_step(film)):
        film.keyboard.press("ArrowRight")
    check_log(film)
    film.keyboard.press("ArrowLeft")
    assert where(film).startswith(f"step {last_step(film) - 1} ")
    film.keyboard.press("Home")
    assert where(film).startswith("before")
    film.keyboard.press("b")
    assert "backward begins" in where(film)
    film.keyboard.press("End")
    assert where(film).startswith(f"step {last_step(film)} ")


@pytest.mark.parametrize("network", NETWORKS)
def test_it_plays_to_the_end_and_stops(
    network: str, tmp_path: Path, open_timed_page: Callable[[Path], Any]
) -> None:
    film = open_timed_page(graph_of(network).save(tmp_path / "film.html"))
    film.clock.install()
    film.locator("#picture").focus()
    film.keyboard.press("Space")
    film.clock.run_for(1500)
    assert where(film).startswith("step 2 ")
    assert film.locator("#play").get_attribute("aria-pressed") == "true"
    film.locator("#play").click()
    film.clock.run_for(5000)
    assert where(film).startswith("step 2 ")
    film.locator("#play").click()
    film.clock.run_for(1000 * last_step(film))
    assert where(film).startswith(f"step {last_step(film)} ")
    assert film.locator("#play").get_attribute("aria-pressed") == "false"


def test_closed_modules_are_one_leap(film: Any) -> None:
    film.locator("#inside").uncheck()
    film.locator("#picture").focus()
    film.keyboard.press("c")
    for _ in range(last_step(film)):
        film.keyboard.press("PageDown")
        if where(film).startswith(f"step {last_step(film)} "):
            break
    else:
        pytest.fail("it did not come to the end")
    assert film.locator("#picture .frame").count() == 0
    film.keyboard.press("PageUp")
    assert not where(film).startswith(f"step {last_step(film)} ")


def test_lines_are_followed_by_key(film: Any) -> None:
    film.locator("#picture").focus()
    film.keyboard.press("n")
    while film.locator("#picture .frame.selected").count():
        film.keyboard.press("ArrowDown")  # into an open module
    first = film.evaluate("film.selected")
    film.keyboard.press("ArrowDown")
    below = film.evaluate("film.selected")
    assert film.evaluate("film.canvas.links.map((l) => [l.from, l.to])").count([first, below]) >= 1
    assert film.locator("#picture .selected").count() >= 1
    assert film.locator("#say").inner_text()
    film.keyboard.press("ArrowUp")
    assert film.evaluate("film.selected") != below


def test_the_slider_is_worked_by_its_own_keys_too(film: Any) -> None:
    film.locator("#slider").focus()
    film.keyboard.press("ArrowRight")
    film.keyboard.press("ArrowRight")
    assert where(film).startswith("step 2 ")
    assert "step 2" in film.locator("#slider").get_attribute("aria-valuetext")


def test_modules_open_and_close_by_click(film: Any) -> None:
    film.locator("[data-do=closed]").click()
    closed = boxes(film)
    film.locator("#picture .box [data-handle]").first.click()
    assert boxes(film) > closed or film.locator("#picture .frame").count()
    film.locator("[data-do=opened]").click()
    everything = film.evaluate("film.model.nodes.length")
    assert boxes(film) == everything > closed
    for _ in range(film.locator("#picture .frame .name").count()):
        film.locator("[data-do=fit]").click()
        film.locator("#picture .frame [data-handle]").last.dispatch_event("pointerdown")
        film.locator("#picture .frame [data-handle]").last.dispatch_event("pointerup")
    assert boxes(film) == closed


def test_modules_open_and_close_by_key(film: Any) -> None:
    film.locator("#picture").focus()
    film.keyboard.press("c")
    closed = boxes(film)
    for _ in range(closed):
        film.keyboard.press("n")
        if film.locator("#picture .selected.module").count():
            break
    film.keyboard.press("Enter")
    assert film.locator("#picture .frame").count()
    film.keyboard.press("Enter")
    assert boxes(film) == closed
    film.keyboard.press("o")
    assert boxes(film) == film.evaluate("film.model.nodes.length")


@pytest.fixture
def loop(tmp_path: Path, open_page: Callable[[Path], Any]) -> Any:
    """The page of a network with a loop, of which one turn is seen."""
    page = open_page(graph_of("lstm").save(tmp_path / "loop.html"))
    page.locator("#picture").focus()
    page.evaluate(
        "film.model.clusters.forEach((_, k) => film.model.open.add('c' + k)); film.redraw()"
    )
    return page


def turn(page: Any) -> str:
    names = page.locator("#picture .frame .name", has_text="LSTMCell").all_text_contents()
    return next(name for name in names if "×" not in name)


def test_one_turn_of_a_loop_is_seen_and_the_film_turns_it(loop: Any) -> None:
    others = loop.locator("#picture .others .label")
    assert (turn(loop), others.all_text_contents()) == ("cell: LSTMCell", ["4 after"])
    seen = set()
    for _ in range(last_step(loop)):
        loop.keyboard.press("ArrowRight")
        assert (
            loop.locator("#picture .active").count()
            == 2 - loop.locator("#picture .box.active").count()
        )
        seen.add((turn(loop), *others.all_text_contents()))
    assert ("cell: LSTMCell, call 3", "2 before", "2 after") in seen
    assert ("cell: LSTMCell, call 5", "4 before") in seen
    assert turn(loop) == "cell: LSTMCell"  # where backward ended


def test_a_loop_is_unfolded_and_folded_again(loop: Any) -> None:
    few = boxes(loop)
    loop.locator("#picture .others").click()
    assert loop.locator("#panel li").all_inner_texts() == [
        f"cell: LSTMCell, call {k}" for k in range(2, 6)
    ]
    loop.locator("#panel li button").nth(1).click()
    assert turn(loop) == "cell: LSTMCell, call 3"
    loop.keyboard.press("f")
    assert loop.locator("#picture .others").count() == 0
    assert boxes(loop) > few
    loop.keyboard.press("f")
    assert boxes(loop) == few
    loop.locator("#picture .others [data-handle]").click()
    assert boxes(loop) > few


def test_search_goes_to_what_it_finds(film: Any) -> None:
    film.locator("[data-do=closed]").click()
    film.keyboard.press("/")
    film.keyboard.type("weight")
    assert "found" in film.locator("#hits .muted").inner_text()
    film.keyboard.press("Enter")
    assert "weight" in film.locator("#panel h2").inner_text()
    assert film.locator("#picture .box.selected").is_visible()
    film.keyboard.press("/")
    film.keyboard.type("nothing is called so")
    assert film.locator("#hits").inner_text() == "nothing found"
    film.keyboard.press("Escape")
    assert film.locator("#hits").is_hidden()


def test_zoom_pan_and_tooltips(film: Any) -> None:
    before = film.evaluate("[film.canvas.scale, film.canvas.x]")
    film.mouse.move(300, 300)
    film.mouse.wheel(0, -300)
    film.wait_for_function(f"film.canvas.scale > {before[0]}")
    film.mouse.down()
    film.mouse.move(360, 340)
    film.mouse.up()
    assert film.evaluate("film.canvas.x") != before[1]
    film.locator("[data-do=fit]").click()
    film.locator("#picture .box .body").first.hover()
    assert film.locator("#tip").is_visible()
    assert film.locator("#tip").inner_text()
    film.locator("#picture .reach").first.dispatch_event("mouseover")
    assert "→" in film.locator("#tip").inner_text()
    assert "float32" in film.locator("#tip").inner_text()


def test_boxes_lie_apart_and_hold_their_labels(film: Any) -> None:
    film.locator("[data-do=opened]").click()
    film.evaluate("film.canvas.scale = 1; film.canvas.place()")
    overlaps = film.evaluate(
        """() => {
          const shapes = [...film.canvas.picture.boxes].filter(([item]) => !film.model.isOpen(item)), found = [];
          for (const [a, p] of shapes) for (const [b, q] of shapes) {
            if (a < b && p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h) found.push([a, b]);
          }
          return found;
        }"""
    )
    assert overlaps == []
    cut = film.evaluate(
        """() => [...document.querySelectorAll('#picture .box')].filter((g) => {
          const box = g.querySelector('.body').getBoundingClientRect();
          return [...g.querySelectorAll('text')].some((t) => {
            const r = t.getBoundingClientRect();
            return r.left < box.left || r.right > box.right || r.top < box.top - 1 || r.bottom > box.bottom + 1;
          });
        }).map((g) => g.textContent)"""
    )
    assert cut == []


CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_of_all_text(film: Any, scheme: str) -> None:
    film.emulate_media(color_scheme=scheme)
    for step in (0, last_step(film) // 3, last_step(film)):
        film.evaluate(f"film.to({step})")
        assert film.evaluate(CONTRAST) >= 4.5


def test_overlays_colour_the_boxes_and_write_the_figures(film: Any) -> None:
    names = film.locator("#overlay option").all_inner_texts()
    assert {"kind", "norm of the gradient", "floating-point operations", "memory"} <= set(names)
    plain = film.locator("#legend").inner_text()
    for name in names[1:]:
        film.locator("#overlay").select_option(label=name)
        assert film.locator("#legend").inner_text().startswith(name)
        assert film.locator("#picture .body[style]").count() >= 1
        assert film.evaluate(CONTRAST) >= 4.5
    film.locator("#overlay").focus()
    film.keyboard.press("Home")
    assert film.locator("#legend").inner_text() == plain
    assert film.locator("#picture .body[style]").count() == 0


def test_it_plays_in_the_sandboxed_frame_of_a_notebook(
    tmp_path: Path, open_page: Callable[[Path], Any]
) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>cell</title>{tn.viz.to_frame(graph_of('system'))}")
    frame = open_page(path).frame_locator("iframe")
    frame.locator("[data-do=on]").click()
    assert frame.locator("#where").inner_text().startswith("step 1 ")


def test_backward_shows_upstream_local_product_sum_and_proof(
    tmp_path: Path, open_page: Callable[[Path], Any]
) -> None:
    def step(x: tn.Tensor) -> None:
        y = x * x
        (y + 3 * x).sum().backward()

    g = tn.graph(step, tn.tensor([1.0, 2.0], requires_grad=True))
    page = open_page(g.save(tmp_path / "square.html"))
    page.locator("[data-do=half]").click()
    titles = []
    while "through mul" not in where(page) or "y" not in titles[-1]:
        page.locator("[data-do=on]").click()
        titles.append(page.locator("#panel").inner_text())
    text = " ".join(page.locator("#panel").inner_text().split())
    for words in ("upstream gradient", "local derivative", "product", "running sum of ∂L/∂x"):
        assert words in text
    page.locator("#panel summary").click()
    assert page.locator("#panel .proof .agree").count() >= 1
    page.locator("#panel .flow").last.locator("[class=card]").last.scroll_into_view_if_needed()
    # 3 came first; x · x sends 1 · x twice: 3 + 1 + 1 and 3 + 2 + 2.
    page.locator("[data-do=last]").click()
    assert page.locator("#panel .grid").last.inner_text().split() == ["5", "7"]


@pytest.mark.parametrize(
    ("function", "start", "ill", "cause"),
    [
        (lambda x: (tn.log(x) * 0).sum(), 0.0, "nan", "log"),
        (lambda x: (x * tn.log(x)).sum(), 0.0, "nan", "log"),
        (lambda x: nn.functional.relu(x - 5).sum(), 1.0, "zero", "It became zero in relu"),
        (lambda x: (tn.sqrt(x) * 1e6).sum(), 1e-6, "huge", "It grew in"),
        (lambda x: x.detach().sum() + (x * 0).sum() * 0, 1.0, "zero", "It became zero in mul"),
    ],
)
def test_why_walks_back_to_where_it_began(
    function: Any, start: float, ill: str, cause: str, tmp_path: Path, open_page: Callable
) -> None:
    def step(x: tn.Tensor) -> None:
        function(x).backward()

    x = tn.tensor([start, start], requires_grad=True)
    page = open_page(tn.graph(step, x).save(tmp_path / "ill.html"))
    page.locator("[data-do=last]").click()
    page.keyboard.press("/")
    page.keyboard.type("x input")
    page.keyboard.press("Enter")
    page.locator(f"text=Why is this gradient {ill}?").click()
    assert cause in page.locator(".verdict").inner_text()
    assert page.locator("#picture .trail").count() >= 1
    page.locator(".answer button").last.click()
    assert where(page).startswith("step ")


def test_why_there_is_no_gradient_finds_the_cut(
    tmp_path: Path, open_page: Callable[[Path], Any]
) -> None:
    def step(x: tn.Tensor, w: tn.Tensor) -> None:
        y = (w * x).exp()
        (y.detach() * x).sum().backward()

    x, w = (tn.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    page = open_page(tn.graph(step, x, w).save(tmp_path / "cut.html"))
    assert page.locator("#picture .line.cut").count() == 1
    page.keyboard.press("/")
    page.keyboard.type("w input")
    page.keyboard.press("Enter")
    page.locator("text=Why is there no gradient?").click()
    assert "cut off at mul (test_film.py:" in page.locator(".verdict").inner_text()


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_any_size_and_nothing_at_all(
    count: int, tmp_path: Path, open_page: Callable[[Path], Any]
) -> None:
    def run(x: tn.Tensor) -> tn.Tensor:
        for _ in range(count):
            x = (x * 1.01).tanh()
        return x

    page = open_page(tn.graph(run, tn.ones(3)).save(tmp_path / "chain.html"))
    assert boxes(page) <= 300
    if count:
        page.keyboard.press("End")
        assert "forward tanh" in where(page)
        assert page.locator("#picture .active").count() >= 1
