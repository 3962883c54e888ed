"""Checkpoints: nothing is lost, and what goes on goes on bit for bit."""

from __future__ import annotations

import builtins
import errno
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.errors import FileFormatError
from autotn.utils import checkpointing
from autotn.utils.checkpointing import Checkpointer
from tests.data import killed_run

ROOT = Path(__file__).resolve().parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_the_last_ones_and_the_best_one_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpointer(tmp_path / "new" / "folder", keep=2, best="max")
    for step, metric in enumerate([0.1, 0.9, 0.5, float("nan"), 0.2]):
        checkpoints.save({"metric": metric}, step, metric)
    assert names(tmp_path / "new" / "folder") == [
        "best.pt", "checkpoint-00000003.pt", "checkpoint-00000004.pt",
    ]  # fmt: skip
    best = checkpoints.best()
    assert best is not None
    content = checkpoints.load(best)
    assert content is not None
    assert (content["step"], content["metric"]) == (1, 0.9)


def test_the_best_one_is_known_to_the_next_run(tmp_path: Path) -> None:
    Checkpointer(tmp_path, best="min").save({}, 1, 0.5)
    again = Checkpointer(tmp_path, best="min")
    again.save({}, 2, 0.7)
    assert again.load(again.best())["step"] == 1  # type: ignore[index]
    again.save({}, 3, 0.3)
    assert again.load(again.best())["step"] == 3  # type: ignore[index]


def test_without_links_the_best_one_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*args: Any) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", cannot)
    checkpoints = Checkpointer(tmp_path, best="min")
    checkpoints.save({"x": 1}, 1, 0.5)
    assert checkpoints.load(checkpoints.best())["objects"] == {"x": 1}  # type: ignore[index]


def test_there_may_be_none_yet(tmp_path: Path) -> None:
    checkpoints = Checkpointer(tmp_path)
    assert checkpoints.latest() is None
    assert checkpoints.best() is None
    assert checkpoints.load() is None
    assert checkpoints.restore({"x": 1}) is None


def test_damaged_ones_are_passed_over_with_a_warning(tmp_path: Path) -> None:
    checkpoints = Checkpointer(tmp_path, keep=5)
    paths = [checkpoints.save({"step": step, "x": tn.ones(100)}, step) for step in range(4)]
    damage(paths[3])
    paths[2].write_bytes(b"")
    with pytest.warns(UserWarning, match="passing over a damaged checkpoint") as caught:
        assert checkpoints.latest() == paths[1]
    assert len(caught) == 2
    with pytest.warns(UserWarning, match="damaged"):
        restored = checkpoints.restore({"step": 0})
    assert restored is not None
    assert restored["step"] == 1


def test_another_pytorch_file_is_no_checkpoint(tmp_path: Path) -> None:
    tn.save({"x": 1}, tmp_path / "checkpoint-00000007.pt")
    with pytest.warns(UserWarning, match="no checkpoint of a Checkpointer"):
        assert Checkpointer(tmp_path).latest() is None


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_full_disk_leaves_the_older_ones(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpointer(tmp_path, keep=1)
    path = checkpoints.save({"x": 1}, 1)

    def fail(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save({"x": 2}, 2)
    monkeypatch.undo()
    assert names(tmp_path) == [path.name]
    assert checkpoints.restore({"x": 0}) == {"step": 1, "x": 1}


def test_a_file_that_cannot_be_read_back_replaces_nothing(tmp_path: Path) -> None:
    checkpoints = Checkpointer(tmp_path, keep=1)
    checkpoints.save({"x": 1}, 1)
    with pytest.raises(FileFormatError, match="Path"):
        checkpoints.save({"x": Path("an object that loading would refuse")}, 2)
    assert names(tmp_path) == ["checkpoint-00000001.pt"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".checkpoint-00000003.pt.0123456789ab.tmp"
    left.write_bytes(b"half")
    other = tmp_path / ".somebody-elses.tmp"
    other.touch()
    Checkpointer(tmp_path).save({}, 1)
    assert not left.exists()
    assert other.exists()


def test_all_default_generators_go_on(tmp_path: Path) -> None:
    def draw() -> list[Any]:
        return [tn.rand(3).tolist(), random.random(), random.gauss(0, 1), np.random.randn()]  # noqa: NPY002

    own = tn.Generator().manual_seed(4)
    draw()
    Checkpointer(tmp_path).save({"own": own}, 1)
    expected = [draw(), tn.rand(2, generator=own).tolist()]
    tn.manual_seed(9)
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    other = tn.Generator()
    Checkpointer(tmp_path).restore({"own": other})
    assert [draw(), tn.rand(2, generator=other).tolist()] == expected


@pytest.mark.parametrize(
    "bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]
)
def test_generators_of_ones_own_go_on(bits: Any, tmp_path: Path) -> None:
    def draw(own: dict[str, Any]) -> list[Any]:
        return [
            own["numpy"].normal(size=3).tolist(),
            own["python"].gauss(0, 1),
            own["python"].random(),
        ]

    own = {"numpy": np.random.Generator(bits(7)), "python": random.Random(7)}
    draw(own)
    Checkpointer(tmp_path).save(own, 1)
    expected = draw(own)
    again = {"numpy": np.random.Generator(bits(1)), "python": random.Random(1)}
    assert Checkpointer(tmp_path).restore(again) == {"step": 1}
    assert draw(again) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX systems")
def test_a_disk_that_is_full_in_the_middle_of_a_file(tmp_path: Path) -> None:
    """A limit on the size of files makes the operating system itself refuse the rest."""
    import resource

    checkpoints = Checkpointer(tmp_path, keep=1)
    path = checkpoints.save({"x": tn.ones(10)}, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            checkpoints.save({"x": tn.ones(100_000)}, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == [path.name]
    assert checkpoints.restore({"x": 0})["step"] == 1  # type: ignore[index]
    checkpoints.save({"x": tn.ones(100_000)}, 2)


def test_a_folder_that_can_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there can be restored; saving says why it fails, and leaves it."""
    model = tn.nn.Linear(2, 2)
    path = Checkpointer(tmp_path, best="min").save({"model": model}, 1, 0.5)
    kept = names(tmp_path)
    open_as_usual = builtins.open

    def read_only(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if set(mode) & set("wxa+"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(file))
        return open_as_usual(file, mode, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", read_only)
        checkpoints = Checkpointer(tmp_path, best="min")
        with pytest.raises(OSError, match=r"Read-only file system.*checkpoint-00000002\.pt"):
            checkpoints.save({"model": model}, 2, 0.1)
        assert checkpoints.latest() == path
        assert checkpoints.restore({"model": model}) == {"step": 1}
    assert names(tmp_path) == kept


def test_names_must_be_in_the_checkpoint(tmp_path: Path) -> None:
    model = tn.nn.Linear(1, 1)
    checkpoints = Checkpointer(tmp_path)
    checkpoints.save({"model": model, "note": "x"}, 1)
    before = model.weight.tolist()
    with pytest.raises(KeyError, match="has no ema; it has model, note"):
        checkpoints.restore({"model": model, "ema": model})
    assert model.weight.tolist() == before


@pytest.mark.parametrize("options", [dict(keep=0), dict(best="most")])
def test_bad_options_are_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Checkpointer: "):
        Checkpointer(tmp_path, **options)
    with pytest.raises(ValueError, match="needs a metric"):
        Checkpointer(tmp_path, best="min").save({}, 1)


def test_a_folder_used_again_keeps_the_new_file(tmp_path: Path) -> None:
    checkpoints = Checkpointer(tmp_path, keep=1)
    checkpoints.save({}, 100)
    path = checkpoints.save({}, 1)
    assert path.exists()


class Stopped(Exception):
    pass


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", range(1, 9))
def test_an_interrupted_run_ends_as_if_nothing_had_happened(
    stop: int, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if workers:  # random and NumPy's generator are shared by all threads, so they are left out
        monkeypatch.setattr(random, "random", lambda: 0.5)
        monkeypatch.setattr(np.random, "rand", lambda: 0.5)
    expected = killed_run.run(str(tmp_path / "whole"), workers=workers)
    save = Checkpointer.save

    def stopping(self: Any, objects: Any, step: int, metric: float | None = None) -> Path:
        path = save(self, objects, step, metric)
        if step == stop:
            raise Stopped
        return path

    monkeypatch.setattr(Checkpointer, "save", stopping)
    with pytest.raises(Stopped):
        killed_run.run(str(tmp_path / "parts"), workers=workers)
    monkeypatch.setattr(Checkpointer, "save", save)
    assert killed_run.run(str(tmp_path / "parts"), workers=workers) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX systems")
def test_a_killed_run_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """It is killed again and again, mostly while it writes a checkpoint, the first one included."""
    expected = killed_run.run(str(tmp_path / "whole"))
    deaths = [
        "young:300",
        "young:900",
        "young:2500",
        "1",
        "60",
        "200",
        "700",
        "2000",
        "5000",
        "9000",
    ]
    command = [sys.executable, "-m", "tests.data.killed_run", str(tmp_path / "parts"), *deaths]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    killed, _, weights = run.stdout.partition(" ")
    assert int(killed) >= 6
    assert weights == expected


def test_the_file_is_checked_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stores something else than was written is found out at once."""
    checkpoints = Checkpointer(tmp_path)
    checkpoints.save({"x": 1}, 1)
    write = checkpointing.tensors.write_pytorch

    def bad_disk(file: Any, content: Any) -> None:
        write(file, content)
        file.seek(200)
        file.write(b"\xff")

    monkeypatch.setattr(checkpointing.tensors, "write_pytorch", bad_disk)
    with pytest.raises(FileFormatError, match="checksum"):
        checkpoints.save({"x": 2}, 2)
    monkeypatch.undo()
    assert checkpoints.restore({"x": 0}) == {"step": 1, "x": 1}
