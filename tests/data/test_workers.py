"""Workers of the loader: the same batches as without, errors, and an end in every case."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.tensor import wrap
from autotn.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    default_collate,
    get_worker_info,
)
from autotn.utils.data.iteration import WorkerPass
from autotn.utils.data.threads import ThreadPool

ROOT = Path(__file__).resolve().parents[2]
START = "fork" if sys.platform == "linux" and sys.version_info < (3, 12) else "spawn"
KINDS: dict[str, dict[str, Any]] = {
    "threads": dict(num_workers=2),
    "processes": dict(num_workers=2, multiprocessing_context=START),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = KINDS[request.param]
    return options


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """After each test there are no more threads and processes than before."""
    yield
    gc.collect()
    left = [t.name for t in threading.enumerate() if t.name.startswith("DataLoader")]
    assert not left
    assert not multiprocessing.active_children()


class Mixed(Dataset[Any]):
    """Samples of every kind, with a random part."""

    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: int) -> Any:
        noise = tn.rand(2)
        return {"x": wrap(np.full((3, 2), index, np.float32)), "noise": noise, "name": str(index)}


class Numbers(IterableDataset[int]):
    """Each worker has its share."""

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        yield from range(first, 11, step)


class Failing(Dataset[int]):
    def __init__(self, error: Callable[[], BaseException], where: int = 5) -> None:
        self.error = error
        self.where = where

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> int:
        if index == self.where:
            raise self.error()
        return index


class Who(Dataset[Any]):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        info = get_worker_info()
        assert info is not None
        assert info.dataset is self
        return info.id, info.num_workers, info.seed % 2**31, os.getpid()


class Awkward(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(one, two)


def flat(batches: Any) -> list[Any]:
    return [(b["x"]._data[:, 0, 0].tolist(), b["noise"].tolist(), b["name"]) for b in batches]


def numbers(batches: Any) -> list[Any]:
    return [batch.tolist() for batch in batches]


@pytest.mark.parametrize("context", [None, START])
def test_any_number_of_workers_gives_the_same_batches(context: str | None) -> None:
    def run(workers: int) -> list[Any]:
        tn.manual_seed(3)
        options: dict[str, Any] = dict(num_workers=workers, multiprocessing_context=context)
        loader = DataLoader(Mixed(), batch_size=4, shuffle=True, **options)
        return flat(loader) + flat(loader)

    assert run(1) == run(2) == run(3)
    tn.manual_seed(3)
    alone = DataLoader(Mixed(), batch_size=4, shuffle=True)
    assert [b[0] for b in flat(alone)] == [b[0] for b in run(2)[:6]]


def test_threads_and_processes_draw_the_same_random_numbers() -> None:
    def run(kind: str) -> list[Any]:
        tn.manual_seed(3)
        return flat(DataLoader(Mixed(), batch_size=4, **KINDS[kind]))

    assert run("threads") == run("processes")


def test_spawned_workers_give_the_same_batches() -> None:
    tn.manual_seed(3)
    expected = flat(DataLoader(Mixed(), batch_size=4, num_workers=1))
    tn.manual_seed(3)
    spawned = DataLoader(Mixed(), batch_size=4, num_workers=1, multiprocessing_context="spawn")
    assert flat(spawned) == expected


def test_iterable_datasets_are_shared_out(kind: dict[str, Any]) -> None:
    assert numbers(DataLoader(Numbers(), batch_size=2, **kind)) == [
        [0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9],
    ]  # fmt: skip
    assert numbers(DataLoader(Numbers(), batch_size=2, drop_last=True, **kind)) == [
        [0, 2], [1, 3], [4, 6], [5, 7], [8, 10],
    ]  # fmt: skip
    assert list(DataLoader(Numbers(), batch_size=None, **kind)) == list(range(11))


def test_tensors_are_gathered_by_workers_too(kind: dict[str, Any]) -> None:
    data = TensorDataset(wrap(np.arange(20_000.0).reshape(20, 1000)), tn.arange(20))
    for rows, labels in DataLoader(data, batch_size=6, **kind):
        assert rows._data.flags.writeable
        assert rows._data[:, 0].tolist() == [1000 * i for i in labels.tolist()]


def test_results_may_come_as_they_are_ready(kind: dict[str, Any]) -> None:
    loader = DataLoader(range(20), batch_size=3, in_order=False, **kind)
    assert sorted(n for batch in loader for n in batch.tolist()) == list(range(20))


def test_a_fast_worker_need_not_wait_out_of_order() -> None:
    late = threading.Event()

    class Slow(Dataset[int]):
        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> int:
            if index == 0:
                assert late.wait(60)
            if index == 7:
                late.set()
            return index

    loader = DataLoader(Slow(), num_workers=2, in_order=False)
    assert sorted(b.item() for b in loader) == list(range(8))


def test_workers_know_who_they_are(kind: dict[str, Any]) -> None:
    tn.manual_seed(1)
    ids, counts, seeds, pids = zip(*DataLoader(Who(), batch_size=None, **kind), strict=True)
    assert ids == (0, 1) * 4
    assert set(counts) == {2}
    assert len(set(seeds)) == 2
    assert len(set(pids)) == (2 if "multiprocessing_context" in kind else 1)
    tn.manual_seed(1)
    assert tuple(sample[2] for sample in DataLoader(Who(), batch_size=None, **kind)) == seeds
    assert get_worker_info() is None


def _seed_by_number(number: int) -> None:
    tn.manual_seed(100 + number)


class Draw(Dataset[float]):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> float:
        return tn.rand(()).item()


def test_worker_init_fn_may_seed_in_its_own_way(kind: dict[str, Any]) -> None:
    loader = DataLoader(Draw(), batch_size=None, worker_init_fn=_seed_by_number, **kind)
    expected = [tn.rand(2, generator=tn.Generator().manual_seed(100 + n)).tolist() for n in (0, 1)]
    assert list(loader) == [expected[0][0], expected[1][0], expected[0][1], expected[1][1]]
    assert list(loader) == [expected[0][0], expected[1][0], expected[0][1], expected[1][1]]


def test_what_a_thread_notes_on_its_dataset_stays_its_own() -> None:
    class Opens(Dataset[int]):
        handle: int | None = None

        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> int:
            if self.handle is None:
                self.handle = threading.get_ident()
            return int(self.handle == threading.get_ident())

    data = Opens()
    assert list(DataLoader(data, batch_size=None, num_workers=2)) == [1] * 6
    assert data.handle is None


def test_the_main_thread_keeps_its_random_numbers(kind: dict[str, Any]) -> None:
    def draws(run: bool) -> Any:
        tn.manual_seed(8)
        loader = DataLoader(Draw(), batch_size=None, **kind)
        batches = iter(loader)
        if run:
            list(batches)
        return tn.rand(3).tolist()

    assert draws(True) == draws(False)


# Errors


def _value_error() -> BaseException:
    return ValueError("sample is broken")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_value_error, ValueError),
        (lambda: KeyError("a"), KeyError),
        (lambda: Awkward(1, 2), RuntimeError),
        (SystemExit, RuntimeError),
        (StopIteration, RuntimeError),
        (lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "why"), RuntimeError),
    ],
)
def test_errors_come_back_with_the_workers_traceback(error: Any, expected: type[Exception]) -> None:
    with pytest.raises(expected, match=r"in DataLoader worker thread 1.\nOriginal") as caught:
        list(DataLoader(Failing(error), num_workers=2))
    assert "__getitem__" in str(caught.value)
    assert "raise self.error()" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_errors_of_processes_come_back_too() -> None:
    with pytest.raises(ValueError, match="worker process 1") as caught:
        list(DataLoader(Failing(_value_error), **KINDS["processes"]))
    assert "sample is broken" in str(caught.value)
    assert "__getitem__" in str(caught.value)


def test_batches_before_and_after_an_error_are_given(kind: dict[str, Any]) -> None:
    batches = iter(DataLoader(Failing(_value_error, where=3), **kind))
    assert [next(batches).item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="sample is broken"):
        next(batches)
    assert numbers(batches) == [[4], [5], [6], [7]]


def _bad_init(number: int) -> None:
    raise OSError(f"worker {number} finds no file")


def test_an_error_in_worker_init_fn_is_reported(kind: dict[str, Any]) -> None:
    with pytest.raises(OSError, match="worker 0 finds no file"):
        list(DataLoader(range(4), worker_init_fn=_bad_init, **kind))


def _lock(batch: Any) -> Any:
    return threading.Lock()


def test_batches_that_cannot_be_sent_are_reported() -> None:
    with pytest.raises(TypeError, match="pickle"):
        list(DataLoader(range(4), collate_fn=_lock, **KINDS["processes"]))


class Dies(Dataset[int]):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> int:
        if index == 5:
            os._exit(7)
        return index


def test_the_death_of_a_process_is_reported() -> None:
    with pytest.raises(RuntimeError, match="ended with code 7"):
        list(DataLoader(Dies(), **KINDS["processes"]))


def test_a_timeout_is_reported() -> None:
    release = threading.Event()

    class Stuck(Dataset[int]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            release.wait(60)
            return index

    batches = iter(DataLoader(Stuck(), num_workers=1, timeout=0.01))
    with pytest.raises(RuntimeError, match=r"timed out after 0\.01 seconds"):
        next(batches)
    release.set()
    del batches


# The end


def test_leaving_early_stops_the_workers(kind: dict[str, Any]) -> None:
    for _ in DataLoader(Mixed(), **kind):
        break
    gc.collect()
    assert not [t for t in threading.enumerate() if t.name.startswith("DataLoader")]


def test_threads_stop_between_two_samples() -> None:
    seen = []
    go_on = threading.Semaphore(0)

    class Long(Dataset[int]):
        def __len__(self) -> int:
            return 1000

        def __getitem__(self, index: int) -> int:
            if index >= 10:
                go_on.acquire(timeout=60)
            seen.append(index)
            return index

    batches = iter(DataLoader(Long(), batch_size=10, num_workers=1))
    next(batches)
    assert isinstance(batches, WorkerPass)
    assert isinstance(batches.pool, ThreadPool)
    stopped = batches.pool._stopped

    def let_go_once_closing_has_begun() -> None:
        stopped.wait(60)
        go_on.release()

    helper = threading.Thread(target=let_go_once_closing_has_begun)
    helper.start()
    del batches
    helper.join()
    assert seen == list(range(11))


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Whatever ran before, an interrupt is a KeyboardInterrupt, and no collection is going on that drops it."""
    collects, before = gc.isenabled(), signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()
    yield
    signal.signal(signal.SIGINT, before)
    if collects:
        gc.enable()


@pytest.mark.skipif(sys.platform == "win32", reason="signals can be sent to threads on POSIX only")
@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_while_waiting_stops_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    main = threading.main_thread().ident or 0
    waiting, closing = threading.Event(), []

    class Interrupted(Dataset[int]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            if index == 2:
                waiting.wait(60)
                signal.pthread_kill(main, signal.SIGINT)
                # Python drops an interrupt that comes while an object is finalised: then people press again.
                while not closing[0].wait(10):
                    signal.pthread_kill(main, signal.SIGINT)
            return index

    batches = iter(DataLoader(Interrupted(), num_workers=1))
    assert isinstance(batches, WorkerPass)
    assert isinstance(batches.pool, ThreadPool)
    closing.append(batches.pool._stopped)
    get, given = batches.pool.get, []

    def get_and_tell(timeout: float) -> Any:
        if len(given) == 2:
            waiting.set()
        return get(timeout)

    monkeypatch.setattr(batches.pool, "get", get_and_tell)
    with pytest.raises(KeyboardInterrupt):
        given.extend(batches)
    assert given == [tn.tensor([0]), tn.tensor([1])]
    assert list(batches) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("DataLoader worker")]


def test_persistent_workers_stay_for_all_epochs(kind: dict[str, Any]) -> None:
    loader = DataLoader(Who(), batch_size=None, persistent_workers=True, **kind)
    pids = [{sample[3] for sample in loader} for _ in range(3)]
    assert pids[0] == pids[1] == pids[2]
    del loader


def test_persistent_workers_forget_a_pass_that_was_left(kind: dict[str, Any]) -> None:
    loader = DataLoader(range(10), persistent_workers=True, **kind)
    for batch in loader:
        if batch.item() == 2:
            break
    assert numbers(loader) == [[i] for i in range(10)]
    streams = DataLoader(Numbers(), batch_size=2, persistent_workers=True, **kind)
    assert numbers(streams) == numbers(streams)
    del loader, streams


def test_where_there_are_no_threads_loading_goes_on_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cannot(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", cannot)
    with pytest.warns(UserWarning, match="no threads can be started here"):
        assert numbers(DataLoader(range(4), batch_size=2, num_workers=2)) == [[0, 1], [2, 3]]


def test_a_loader_of_loaders() -> None:
    """A dataset may use a loader with workers of its own."""

    class Nested(Dataset[Any]):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            inner = DataLoader(range(index + 2), batch_size=None, num_workers=2)
            return default_collate(list(inner))

    loader = DataLoader(Nested(), batch_size=None, num_workers=2)
    assert numbers(loader) == [[0, 1], [0, 1, 2], [0, 1, 2, 3]]


SCRIPT = """
    from autotn.utils.data import DataLoader, Dataset
    class Squares(Dataset):
        def __len__(self): return 100
        def __getitem__(self, i): return i * i
    loader = DataLoader(Squares(), batch_size=4, num_workers=2, OPTIONS)
    kept = iter(loader)  # alive when the interpreter ends
    print(next(kept).tolist(), len(list(loader)))
    END
"""


@pytest.mark.parametrize(
    "options", ["", "persistent_workers=True", f"multiprocessing_context={START!r}"]
)
@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "1 / 0"])
def test_a_script_without_main_guard_runs_and_ends(options: str, end: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    text = textwrap.dedent(SCRIPT).replace("OPTIONS", options).replace("END", end)
    if START == "spawn" and "context" in options:  # which reads the class, and not what follows
        head, rest = text.split("loader =")
        rest = textwrap.indent(f"loader ={rest}", "    ")
        text = f"{head}if __name__ == '__main__':\n{rest}"
    script.write_text(text)
    run = subprocess.run(
        [sys.executable, "-W", "error", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert run.stdout == "[0, 1, 4, 9] 25\n"
    assert run.returncode == (1 if "/" in end else 0)
    assert ("ZeroDivisionError" in run.stderr) == ("/" in end)
    assert not run.stderr or "/" in end


def test_spawning_without_main_guard_is_explained(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    text = textwrap.dedent(SCRIPT).replace("OPTIONS", "multiprocessing_context='spawn'")
    script.write_text(text.replace("END", ""))
    run = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert '`if __name__ == "__main__":`' in run.stderr


def test_the_pool_closes_itself_when_it_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    start = threading.Thread.start

    def only_one(self: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", only_one)
    loader = DataLoader(range(4), num_workers=2)
    with pytest.warns(UserWarning, match="no threads"):
        assert len(list(loader)) == 4
    assert not started[0].is_alive()
