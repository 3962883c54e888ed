"""`SummaryWriter`: tensorboardX's, given Tensors; and the graph of a run in TensorBoard's form."""

from __future__ import annotations

import functools
from types import TracebackType
from typing import Any

from autotn.core.tensor import Tensor
from autotn.ir.capture import capture
from autotn.ir.graph import Call, Graph, Value


def _package() -> Any:
    try:
        import tensorboardX
    except ImportError:
        raise ImportError(
            "SummaryWriter needs the package tensorboardX: pip install 'autotn[tensorboard]'"
        ) from None
    return tensorboardX


class SummaryWriter:
    """Write scalars, histograms, images, texts, figures and graphs for TensorBoard.

    Every ``add_…`` of tensorboardX is here; where it takes an array it takes a Tensor too.

    Parameters
    ----------
    log_dir : path, optional
        The folder; by default ``runs/`` and the time.
    comment : str
        Appended to the default folder's name.
    purge_step, max_queue, flush_secs, filename_suffix
        As in PyTorch.

    Examples
    --------
    >>> import tempfile
    >>> with tn.utils.tensorboard.SummaryWriter(tempfile.mkdtemp()) as writer:
    ...     writer.add_scalar("loss", tn.tensor(0.5), 1)
    ...     writer.add_graph(nn.Linear(3, 2), tn.ones(1, 3))
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        self._writer = _package().SummaryWriter(
            logdir=None if log_dir is None else str(log_dir),
            comment=comment,
            purge_step=purge_step,
            max_queue=max_queue,
            flush_secs=flush_secs,
            filename_suffix=filename_suffix,
        )
        self.log_dir = str(self._writer.logdir)

    def get_logdir(self) -> str:
        """The folder that is written to."""
        return self.log_dir

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"SummaryWriter has no attribute {name!r}")
        theirs = getattr(self._writer, name)
        if not callable(theirs):
            return theirs

        @functools.wraps(theirs)
        def call(*args: Any, **kwargs: Any) -> Any:
            return theirs(*_arrays(args), **_arrays(kwargs))

        return call

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Write the graph of one run of `model`; TensorBoard's scopes are its modules.

        Parameters
        ----------
        model : Module, function or Graph
        input_to_model : Tensor or tuple of them
            What the model is run on.
        verbose, use_strict_trace
            PyTorch's; the run is recorded, not traced, so there is nothing to be strict about.
        """
        if isinstance(model, Graph):
            graph = model
        else:
            given = (
                input_to_model if isinstance(input_to_model, (tuple, list)) else (input_to_model,)
            )
            graph = capture(model, *(() if input_to_model is None else given), values="none")
        if graph.failure:
            raise RuntimeError(f"add_graph: the model failed: {graph.failure}")
        from tensorboardX.proto.event_pb2 import Event

        event = Event(graph_def=graph_def(graph).SerializeToString())
        self._writer._get_file_writer().add_event(event, None, None)

    def flush(self) -> None:
        """Write what waits to disk."""
        self._writer.flush()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


def _arrays(value: Any) -> Any:
    """Arguments with arrays in the place of Tensors."""
    if isinstance(value, Tensor):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {k: _arrays(v) for k, v in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_arrays(v) for v in value)
    if isinstance(value, list):
        return [_arrays(v) for v in value]
    return value


def graph_def(graph: Graph) -> Any:
    """The graph as TensorFlow's GraphDef, whose names TensorBoard folds at their slashes."""
    _package()
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.node_def_pb2 import NodeDef
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboardX.proto.versions_pb2 import VersionDef

    values = {v.id: v for v in graph.values}
    taken: set[str] = set()
    name_of: dict[int, str] = {}
    nodes: list[Any] = []

    def shape(value: Value) -> Any:
        sizes = [TensorShapeProto.Dim(size=n) for n in value.shape or ()]
        return TensorShapeProto(dim=sizes)

    def add(name: str, op: str, inputs: list[str], outputs: list[Value], **notes: str) -> str:
        free, n = name, 1
        while free in taken:
            free, n = f"{name}_{n}", n + 1
        taken.add(free)
        attributes = {k: AttrValue(s=text.encode()) for k, text in sorted(notes.items()) if text}
        shapes = [shape(v) for v in outputs]
        attributes["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=shapes))
        nodes.append(NodeDef(name=free, op=op, input=inputs, attr=attributes))
        return free

    def source(v: int, call: Call | None) -> str:
        if v not in name_of:
            value = values[v]
            inside = value.kind in ("parameter", "buffer", "constant") and call is not None
            scope = _scope(call) if inside and call is not None else ""
            end = (value.name or value.kind).rpartition(".")[2] if inside else value.name
            op = {"parameter": "Parameter", "buffer": "Buffer", "input": "Input"}.get(
                value.kind, "Const"
            )
            name = scope + (end or value.kind)
            name_of[v] = add(name, op, [], [value], dtype=value.dtype, called=value.name)
        return name_of[v]

    for call in graph.calls:
        inputs = [source(v, call) for v in call.inputs]
        line = f"{call.file}:{call.line}: {call.text}" if call.file else ""
        arguments = ", ".join(f"{k}={text}" for k, text in call.static.items())
        made = add(
            _scope(call) + call.op,
            call.op,
            inputs,
            [values[v] for v in call.outputs],
            line=line,
            arguments=arguments,
        )
        for slot, v in enumerate(call.outputs):
            name_of[v] = f"{made}:{slot}" if slot else made
    for value in graph.outputs:
        add(value.name or "output", "Output", [source(value.id, None)], [value])
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def _scope(call: Call) -> str:
    """The modules around a call as a path of scopes: ``Net/Linear[fc1]/``, as PyTorch writes them."""
    visit = [*call.visits, *[0] * len(call.scope)]
    parts = []
    for name, cls, n in zip(call.scope, call.classes, visit, strict=False):
        again = f"_{n}" if n else ""
        parts.append((f"{cls}[{name}]" if name else cls) + again)
    return "".join(f"{part}/" for part in parts)
