"""oneDNN as a library: found or not, switched, threads, memory, and no call with wrong arrays.

That its results are those of the NumPy kernels is asked by the tests of those kernels, which run
with either (fixture `kernels`). Where the library is not installed, what needs it is not asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.kernels import blas, rnn
from autotn.kernels.conv import conv_forward
from autotn.kernels.onednn import gemm, library, primitive, rows
from autotn.kernels.onednn.chain import ADD, MULTIPLY, SUBTRACT
from autotn.kernels.onednn.channels import chained
from autotn.kernels.onednn.conv import Problem
from autotn.kernels.onednn.switch import SWITCH, Switch
from autotn.kernels.window import conv_geometry
from autotn.nn import functional as F

Array = np.ndarray[Any, Any]

ROOT = Path(__file__).resolve().parents[2]


def drawn(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


def run_alone(code: str, **variables: str) -> str:
    """What a fresh process prints."""
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


LEARN_IN_DOUBLE = (
    "p = tn.ones(100_000, dtype=tn.float64, requires_grad=True); (p * p).sum().backward();"
    "tn.optim.Adam([p]).step();"
)
LOADED = "from autotn.kernels.onednn.switch import SWITCH; print(SWITCH.library is not None)"
CONVOLVE = "x = tn.ones(8, 16, 32, 32); tn.conv2d(x, tn.ones(16, 16, 3, 3));"


@pytest.mark.parametrize(
    ("code", "variable", "loaded"),
    [
        ("", "1", False),
        ("tn.conv2d(tn.ones(1, 1, 4, 4), tn.ones(1, 1, 2, 2));", "1", False),
        (CONVOLVE, "1", tn.backends.mkldnn.is_available()),
        (LEARN_IN_DOUBLE, "1", False),
        (CONVOLVE, "0", False),
    ],
    ids=["import", "too small a call", "a call", "another dtype", "switched off"],
)
def test_the_library_is_loaded_by_the_first_call_that_wants_it(
    code: str, variable: str, loaded: bool
) -> None:
    printed = run_alone(f"import autotn as tn; {code} {LOADED}", AUTOTN_ONEDNN=variable)
    assert printed == str(loaded)


def test_flags_switch_it_and_come_back() -> None:
    before = tn.backends.mkldnn.enabled
    with tn.backends.mkldnn.flags(enabled=False):
        assert not SWITCH.ready()
        assert not tn.backends.mkldnn.enabled
    assert tn.backends.mkldnn.enabled == before
    assert tn.backends.mkldnn.set_flags(_enabled=False) == (before, False, True)
    tn.backends.mkldnn.enabled = before
    assert SWITCH.wanted == before


def test_where_it_is_absent_numpy_computes_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "FILE", "libdnnl-that-is-not-there.so")
    switch = Switch()
    switch.wanted = True
    assert not switch.ready()
    assert "libdnnl-that-is-not-there.so" in switch.reason
    for name in ("library", "sessions", "reason"):
        monkeypatch.setattr(SWITCH, name, getattr(switch, name))
    monkeypatch.setattr(SWITCH, "searched", True)
    assert conv_forward(drawn(8, 16, 32, 32), drawn(16, 16, 3, 3)).shape == (8, 16, 30, 30)
    assert "pip install autotn[fast]" in tn.backends.show()
    assert not tn.backends.mkldnn.is_available()


@pytest.mark.parametrize("machine", [("linux", "riscv64"), ("darwin", "x86_64")])
def test_other_machines_do_without(
    machine: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", machine[0])
    monkeypatch.setattr("platform.machine", lambda: machine[1])
    with pytest.raises(library.Absent, match=machine[1]):
        library.load()


def test_a_file_that_is_no_library_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / library.FILE).write_bytes(b"not a library")
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    places = list(library.places())
    assert places[0].startswith(str(tmp_path))
    monkeypatch.setattr(library, "places", lambda: places[:1])
    with pytest.raises(library.Absent, match="libdnnl"):
        library.load()


LAYOUTS: dict[str, Any] = {
    "plain": lambda a: a,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "repeated": lambda a: np.broadcast_to(a[:1], a.shape),
    "reversed": lambda a: a[::-1],
}


@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("shape", [(5, 7, 3), (1, 9, 4), (6, 1, 5), (8, 3, 1), (1, 1, 1)], ids=str)
def test_products_of_any_layout(
    shape: tuple[int, int, int], first: str, second: str, kernels: str
) -> None:
    rows, inner, columns = shape
    a, b = LAYOUTS[first](drawn(rows, inner)), LAYOUTS[second](drawn(inner, columns))
    np.testing.assert_allclose(gemm.product(a, b), a.astype("f8") @ b.astype("f8"), atol=1e-5)


def test_products_that_do_not_fit_are_numpys_to_refuse(kernels: str) -> None:
    with pytest.raises(ValueError, match="not aligned"):
        gemm.product(drawn(2, 3), drawn(2, 3))
    assert gemm.product(drawn(0, 3), drawn(3, 2)).shape == (0, 2)
    assert not gemm.product(drawn(2, 0), drawn(0, 3)).any()


@pytest.mark.parametrize("channels", [1, 3, 17])
@pytest.mark.parametrize("places", [1, 2, 16, 33])
@pytest.mark.parametrize("batch", [1, 3])
def test_chains_with_a_number_per_channel(
    batch: int, channels: int, places: int, kernels: str
) -> None:
    x, g = drawn(batch, channels, places), drawn(batch, channels, places) + 1
    a, b = drawn(channels), drawn(channels) + 2
    found = chained(x, (SUBTRACT, a), (MULTIPLY, b), (ADD, g), (ADD, a), (MULTIPLY, a))
    if found is not None:
        a, b = a[:, None], b[:, None]
        np.testing.assert_allclose(found, ((x - a) * b + g + a) * a, rtol=1e-5, atol=1e-5)
    assert (found is None) == (kernels == "numpy" or places == 1)


@pytest.mark.parametrize("lead", [(), (1,), (3, 2)])
@pytest.mark.parametrize("other", [(2, 3), (1, 3), (3,)], ids=str)
def test_a_matrix_is_added_to_each_or_nothing_is_done(
    lead: tuple[int, ...], other: tuple[int, ...], kernels: str
) -> None:
    stack, matrix = drawn(*lead, 2, 3), drawn(*other)
    before = stack.copy()
    done = rows.add_to_each(stack, matrix)
    assert done == (kernels != "numpy" and other == (2, 3))
    np.testing.assert_allclose(stack, before + matrix if done else before)


@pytest.mark.parametrize("name", ["gelu_erf", "gelu_tanh", "sigmoid", "silu"])
def test_infinite_numbers_stay_what_they_are(name: str, kernels: str) -> None:
    function = {"gelu_erf": F.gelu, "sigmoid": tn.sigmoid, "silu": F.silu}.get(
        name, lambda x: F.gelu(x, approximate="tanh")
    )
    found = function(tn.tensor([np.inf, 1e30, 200.0, -200.0, np.nan, 0.0])).numpy()
    one = 1.0 if name == "sigmoid" else 0.0
    expected = [one, one, one, 0.0] if one else [np.inf, 1e30, 200.0, 0.0]
    np.testing.assert_allclose(found[:4], np.array(expected, np.float32))
    assert np.isnan(found[4])


@pytest.mark.parametrize("dtype", [tn.float16, tn.bfloat16], ids=str)
@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN", "LayerNorm"])
def test_half_precision_is_computed_in_single_both_ways(
    layer: str, dtype: Any, kernels: str
) -> None:
    tn.manual_seed(0)
    made: Any = tn.nn.LayerNorm(4) if layer == "LayerNorm" else getattr(tn.nn, layer)(4, 5)
    gradients = []
    for kind in (tn.float32, dtype):
        model = made.to(kind)
        model.zero_grad()
        x = tn.tensor(drawn(3, 2, 4)).to(kind).requires_grad_()
        out = model(x)
        (out if layer == "LayerNorm" else out[0]).square().sum().backward()
        assert x.grad is not None
        assert x.grad.dtype == kind
        gradients.append(x.grad.float().numpy())
    np.testing.assert_allclose(*gradients, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("here", [True] if tn.backends.mkldnn.is_available() else [])
class TestCalls:
    """What reaches the library has been checked; what it remembers is bounded."""

    @pytest.fixture(autouse=True)
    def switched_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(SWITCH, "wanted", True)

    @pytest.fixture
    def call(self, here: bool) -> primitive.Call:
        at = conv_geometry((6, 6), (3, 3), 1, 1, 1, "conv2d")
        problem = Problem((2, 4, 6, 6), (5, 4, 3, 3), at, 1, False)
        found = SWITCH.the_session().find("a test's", problem.forward)
        assert found is not None
        return found

    def test_an_arena_has_the_room_it_was_asked_for(self, here: bool) -> None:
        """Its beginning up to the first whole line is no room: a call of one line more would run over its end."""
        session = SWITCH.the_session()
        session.clear()
        for lines in (1, 2, 3):
            session.reserve(lines * primitive.LINE)
            end = session.arena.ctypes.data + session.arena.size
            assert session.address % primitive.LINE == 0
            assert session.address + lines * primitive.LINE <= end

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda x, w, y: (x[:1], w, y),
            lambda x, w, y: (x.astype(np.float64), w, y),
            lambda x, w, y: (x, w[::-1], y),
            lambda x, w, y: (x, w, y[:, :, :-1]),
            lambda x, w, y: (x, w),
        ],
        ids=["shape", "dtype", "strides", "output", "too few"],
    )
    def test_arrays_of_another_kind_are_refused(self, call: primitive.Call, spoil: Any) -> None:
        arrays = drawn(2, 4, 6, 6), drawn(5, 4, 3, 3), np.empty((2, 5, 6, 6), np.float32)
        call(*arrays)
        with pytest.raises(ValueError):
            call(*spoil(*arrays))

    def test_other_sizes_are_refused_even_where_shapes_may_differ(
        self, call: primitive.Call
    ) -> None:
        x, w, y = drawn(2, 4, 6, 6), drawn(5, 4, 3, 3), np.empty((2, 5, 6, 6), np.float32)
        call.on(x.reshape(-1), w, y)
        with pytest.raises(ValueError, match="expected 1152 bytes, got 576"):
            call.on(x[:1], w, y)
        with pytest.raises(IndexError):
            call.on(x, w)

    def test_calls_are_forgotten_beyond_a_number(
        self, here: bool, kernels: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        SWITCH.clear()
        monkeypatch.setattr(primitive, "REMEMBERED", 3)
        w = drawn(4, 3, 3, 3)
        for size in (5, 6, 7, 8, 9, 5):
            x = drawn(2, 3, size, size)
            np.testing.assert_allclose(
                conv_forward(x, w), conv_forward(x.astype("f8"), w.astype("f8")), atol=1e-4
            )
            assert len(SWITCH.the_session().calls) <= 3
        tn.empty_cache()
        assert not SWITCH.the_session().calls
        assert SWITCH.the_session().arena.size == 0

    def test_threads_of_python_compute_beside_each_other(self, here: bool, kernels: str) -> None:
        x, w = drawn(4, 8, 20, 20), drawn(8, 8, 3, 3)
        expected = conv_forward(x, w)
        found: list[Array] = []

        def work() -> None:
            for _ in range(10):
                found.append(conv_forward(x, w))

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(found) == 30
        for one in found:
            np.testing.assert_array_equal(one, expected)

    def test_another_number_of_threads_between_forward_and_backward(
        self, here: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SWITCH, "choosy", False)
        x, h, c = drawn(6, 5, 3), drawn(5, 4), drawn(5, 4)
        w_ih, w_hh = drawn(16, 3), drawn(16, 4)
        (output, *_), saved = rnn.lstm(x, h, c, w_ih, w_hh)
        before = SWITCH.the_session().threads
        g = np.ones_like(output)
        expected = rnn.lstm_backward(g, None, None, x, h, c, w_ih, w_hh, None, saved)
        try:
            tn.set_num_threads(before + 1)
            found = rnn.lstm_backward(g, None, None, x, h, c, w_ih, w_hh, None, saved)
        finally:
            tn.set_num_threads(before)
        for one, other in zip(found[:5], expected[:5]):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)

    def test_numpys_blas_leaves_the_threads_to_the_library_in_use(self, here: bool) -> None:
        """Two pools on the same cores made small steps twelve times slower."""
        if blas.threads() is None:
            return  # NumPy's BLAS is none that can be asked
        before = tn.get_num_threads()
        try:
            tn.set_num_threads(2)
            with tn.backends.mkldnn.flags(enabled=True):
                assert tn.backends.mkldnn.is_available() == here
                assert blas.threads() == (1 if here else 2)
                tn.set_num_threads(3)
                assert blas.threads() == (1 if here else 3)
            with tn.backends.mkldnn.flags(enabled=False):
                assert blas.threads() == 3
        finally:
            tn.set_num_threads(before)

    def test_many_products_of_other_dtypes_in_a_row_get_the_threads(
        self, here: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Until the library is called again; counted, so that each run does the same."""
        if blas.threads() is None or not here:
            return
        monkeypatch.setattr(SWITCH, "wanted", True)
        monkeypatch.setattr("autotn.kernels.onednn.switch.LONG", 3 * 64**3)
        before = tn.get_num_threads()
        double, single = tn.ones(64, 64, dtype=tn.float64), tn.ones(256, 256)
        stack = np.ones((1, 64, 64))
        try:
            tn.set_num_threads(2)
            single @ single
            for _ in range(2):
                seen = [blas.threads()]
                double @ double
                gemm.stacked(stack, stack)
                seen.append(blas.threads())
                double @ double
                seen.append(blas.threads())
                single @ single
                assert [*seen, blas.threads()] == [1, 1, 2, 1]
        finally:
            tn.set_num_threads(before)

    def test_set_num_threads_reaches_every_thread(self, here: bool) -> None:
        before = tn.get_num_threads()
        library = SWITCH.library
        assert library is not None
        seen: list[int] = []
        try:
            tn.set_num_threads(3)
            worker = threading.Thread(target=lambda: seen.append(library.threads()))
            worker.start()
            worker.join()
            assert [*seen, library.threads()] == [3, 3]
        finally:
            tn.set_num_threads(before)

    def test_a_forked_child_computes_alone(self, here: bool) -> None:
        code = (
            f"import autotn as tn, os; from autotn.kernels.onednn.switch import SWITCH; {CONVOLVE}"
            "child = os.fork();"
            "child or (print(SWITCH.library.threads(), tn.conv2d(x, tn.ones(16, 16, 3, 3)).sum().item()), "
            "os.sys.stdout.flush(), os._exit(0));"
            "os.waitpid(child, 0)"
        )
        assert run_alone(code, OMP_NUM_THREADS="2", AUTOTN_ONEDNN="1") == "1 16588800.0"
