"""Arguments go by the names PyTorch takes them by, which are not always those its documentation prints."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import autotn as tn

torch = pytest.importorskip("torch")

NAMESPACES = (
    ("", ""),
    ("linalg", "linalg_"),
    ("fft", "fft_"),
    ("special", "special_"),
    ("Tensor", ""),
)
#: Taken everywhere, or meant for devices, layouts and PyTorch's compiler.
IMMATERIAL = {
    *("device", "dtype", "generator", "implicit", "layout", "memory_format", "out", "out_dtype"),
    *("pin_memory", "requires_grad"),
}
#: Whose arguments go on to other functions, or which are overloaded in ways of their own.
OTHERWISE = {
    *(
        "add",
        "mul",
        "add_",
        "as_tensor",
        "elu_",
        "gru",
        "isin",
        "ldexp",
        "lstm",
        "result_type",
        "rnn_relu",
    ),
    *(
        "rnn_tanh",
        "select",
        "set_",
        "sort",
        "tensor",
        "to",
        "unsafe_split",
        "tensor_split",
        "random_",
        "sub",
    ),
    *(
        "uniform_",
        "arange",
        "max_pool1d_with_indices",
        "binary_cross_entropy_with_logits",
        "size",
        "stride",
    ),
    *(
        "range",
        "randint",
        "randint_like",
        "normal",
        "scatter",
        "scatter_",
        "where",
        "copy_",
        "sum_to_size",
    ),
}


def builtins() -> Iterator[Any]:
    for space, prefix in NAMESPACES:
        theirs = getattr(torch, space) if space else torch
        ours = getattr(tn, space) if space else tn
        for name in sorted(set(dir(theirs)) & set(dir(ours)) - OTHERWISE):
            kind = type(getattr(theirs, name)).__name__
            if name.startswith("_") or kind not in (
                "builtin_function_or_method",
                "method_descriptor",
            ):
                continue
            if hasattr(ours, name) and not name.endswith("_copy"):
                yield pytest.param(space, prefix, name, id=f"{space}.{name}".lstrip("."))


def schemas(space: str, prefix: str, name: str) -> Iterator[set[str]]:
    """The names of the arguments of each overload on tensors."""
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{prefix}{name}"):
        kinds = [str(a.type) for a in schema.arguments]
        names = [a.name for a in schema.arguments]
        on_tensors = any("Tensor" in kind for kind in kinds) and "Tensor" in str(schema.returns)
        if not on_tensors or any(a.is_out for a in schema.arguments) or "List[str]" in kinds:
            continue
        if "name" in schema.overload_name.lower() or (names[0] in "abtx" and kinds[0] != "Tensor"):
            continue
        if space == "Tensor" and "self" in names:
            names.remove("self")
        yield {"input" if one == "self" else one for one in names}


@pytest.mark.parametrize(("space", "prefix", "name"), list(builtins()))
def test_arguments_have_pytorchs_names(space: str, prefix: str, name: str) -> None:
    ours = getattr(getattr(tn, space) if space else tn, name)
    parameters = inspect.signature(ours).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for names in schemas(space, prefix, name):
        missing = names - IMMATERIAL - set(parameters)
        assert not missing, f"not taken by keyword: {', '.join(sorted(missing))}"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("swapaxes_", {"axis0": 0, "axis1": 1}),
        ("swapdims_", {"dim0": 0, "dim1": 1}),
        ("transpose_", {"dim0": 0, "dim1": 1}),
        ("unsqueeze_", {"dim": 0}),
        ("squeeze_", {"dim": 0}),
        ("hsplit", {"sections": 3}),
        ("hsplit", {"indices": [1]}),
        ("vsplit", {"sections": 2}),
        ("tensor_split", {"sections": 2}),
        ("tensor_split", {"indices": [1], "dim": 1}),
        ("unsafe_split", {"split_size": 1}),
        ("resize_", {"size": (3, 2)}),
        ("random_", {"from": 3, "to": 4}),
        ("uniform_", {"from": 3, "to": 3}),
        ("copy_", {"other": 1.0}),
        ("broadcast_to", {"size": (2, 2, 3)}),
    ],
)
def test_methods_take_them(name: str, arguments: dict[str, Any]) -> None:
    ours = getattr(tn.arange(6.0).reshape(2, 3), name)(**arguments)
    if name == "copy_":
        arguments = {"other": torch.tensor(1.0)}
    theirs = getattr(torch.arange(6.0).reshape(2, 3), name)(**arguments)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    assert all(a.tolist() == b.tolist() for a, b in pairs)


def test_parts_are_cut_in_one_way() -> None:
    with pytest.raises(TypeError, match="hsplit: expected sections or indices, got neither"):
        tn.hsplit(tn.zeros(2, 2))
    with pytest.raises(TypeError, match="got both"):
        tn.tensor_split(tn.zeros(2), sections=1, indices=[1])
    with pytest.raises(TypeError, match=r"random_.*unexpected keyword argument 'form'"):
        tn.zeros(2).random_(form=1)
