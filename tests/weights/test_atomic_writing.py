"""A file appears whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

import autotn as tn
from autotn.serialization import load, save
from autotn.weights.atomic import atomic_write

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX systems")


@pytest.mark.parametrize("existing", [False, True])
def test_an_error_while_writing_changes_nothing(existing: bool, tmp_path: Path) -> None:
    path = tmp_path / "x"
    if existing:
        path.write_bytes(b"old")

    class Stop(BaseException):
        pass

    def write() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise Stop

    with pytest.raises(Stop):
        write()
    assert path.exists() == existing
    assert [entry.name for entry in tmp_path.iterdir()] == (["x"] if existing else [])
    if existing:
        assert path.read_bytes() == b"old"


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_full_disk_or_a_lost_one_changes_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pt"
    save(tn.zeros(2), path)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space"):
        save(tn.ones(2), path)
    monkeypatch.undo()
    assert load(path).tolist() == [0, 0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.pt"]


@posix
@pytest.mark.parametrize("name", ["x.pt", "x.npz", "x.safetensors"])
def test_the_permissions_of_a_replaced_file_are_kept(name: str, tmp_path: Path) -> None:
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    path, plain = tmp_path / name, tmp_path / "plain"
    plain.touch()
    save({"a": tn.ones(1)}, path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    save({"a": tn.zeros(1)}, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert load(path)["a"].tolist() == [0]


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.pt", tmp_path / "link.pt"
    save(1, real)
    link.symlink_to(real)
    save(2, link)
    assert link.is_symlink()
    assert load(real) == 2


@posix
def test_devices_are_written_directly() -> None:
    save(1, os.devnull)
    assert not Path(os.devnull).is_file()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        save(1, tmp_path / "missing" / "x.pt")
