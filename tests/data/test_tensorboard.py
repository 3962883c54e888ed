"""`utils.tensorboard.SummaryWriter`: what is read back from its files."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.graph_pb2 import GraphDef

import autotn as tn
from autotn import nn
from autotn.utils.tensorboard import SummaryWriter


def events(folder: Path) -> list[Any]:
    """Every event of the one file: records of a length, its checksum, the bytes, their checksum."""
    (path,) = folder.iterdir()
    data, found, at = path.read_bytes(), [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        found.append(Event.FromString(data[at + 12 : at + 12 + size]))
        at += size + 16
    return found


def test_tensors_are_taken_where_arrays_are(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        assert writer.get_logdir() == str(tmp_path)
        writer.add_scalar("loss", tn.tensor(0.25, requires_grad=True), 3)
        writer.add_histogram("weights", tn.arange(10.0), global_step=3)
        writer.add_image("image", tn.rand(3, 4, 4), 3)
        writer.add_text("note", "words", 3)
    values = [v for e in events(tmp_path) for v in e.summary.value]
    assert [v.tag.partition("/")[0] for v in values] == ["loss", "weights", "image", "note"]
    assert values[0].simple_value == 0.25
    assert values[1].histo.num == 10
    assert {e.step for e in events(tmp_path) if e.summary.value} == {3}


def graph_of(folder: Path) -> Any:
    (found,) = [e.graph_def for e in events(folder) if e.graph_def]
    return GraphDef.FromString(found)


def test_the_graph_has_modules_as_scopes_and_no_loose_end(tmp_path: Path) -> None:
    layer = nn.Linear(4, 4)
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Tanh(), layer), layer)
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, tn.ones(2, 3))
    nodes = {n.name: n for n in graph_of(tmp_path).node}
    assert len(nodes) == len(graph_of(tmp_path).node)
    inputs = {i.partition(":")[0] for n in nodes.values() for i in n.input}
    assert inputs <= set(nodes)
    inner = "Sequential/Sequential[1]/Linear[1]/"
    assert nodes[inner + "weight"].op == "Parameter"
    assert list(nodes[inner + "linear"].input)[1:] == [inner + "weight", inner + "bias"]
    again = next(name for name in nodes if name.endswith("/linear") and "_1/" in name)
    assert inner + "weight" in nodes[again].input
    sizes = nodes[inner + "linear"].attr["_output_shapes"].list.shape[0].dim
    assert [d.size for d in sizes] == [2, 4]
    assert nodes["output"].op == "Output"


def test_a_whole_training_step_and_several_inputs_too(tmp_path: Path) -> None:
    def step(x: tn.Tensor, y: tn.Tensor) -> tuple[tn.Tensor, tn.Tensor]:
        high, low = (x * y).chunk(2)
        return high, low

    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(step, (tn.ones(4), tn.ones(4)))
    assert {"x", "y", "mul"} <= {n.name for n in graph_of(tmp_path).node}


def test_a_model_that_fails_is_refused(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer, pytest.raises(RuntimeError, match="add_graph"):
        writer.add_graph(nn.Linear(3, 2), tn.ones(1, 4))


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'autotn\[tensorboard\]'"):
        SummaryWriter(tmp_path)


def test_numbers_and_arrays_go_through_as_they_are(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("a", 1.5, 0)
        writer.add_histogram("b", np.arange(3.0), 0)
        with pytest.raises(AttributeError):
            writer.add_nonsense("c")
