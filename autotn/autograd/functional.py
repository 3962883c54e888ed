"""Derivatives of functions: jacobian, hessian, and their products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import engine, modes
from autotn.core.tensor import Tensor, wrap
from autotn.core.transform import lower_recording
from autotn.core.views import alias

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _as_tuple(value: Any, name: str) -> tuple[tuple[Tensor, ...], bool]:
    """`value` as a tuple, and whether it was one."""
    several = isinstance(value, (tuple, list))
    values = tuple(value) if several else (value,)
    for k, t in enumerate(values):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"{name}: expected a Tensor or a tuple of Tensors, got {type(t).__name__} at {k}"
            )
    return values, several


def _fresh(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Places to differentiate at: connected to the inputs when the result shall be differentiable."""
    made = []
    for t in inputs:
        if create_graph and t.requires_grad:
            made.append(alias(t))
        else:
            made.append(t.detach().requires_grad_())
    return tuple(made)


def _outputs(name: str, func: Callable[..., Any], places: tuple[Tensor, ...]) -> tuple[Any, bool]:
    with modes.enable_grad():
        return _as_tuple(func(*places), f"the outputs of the function given to {name}")


def _grads(
    name: str,
    outputs: Any,
    places: Any,
    vectors: Any,
    create_graph: bool,
    strict: bool,
    retain: bool = True,
) -> tuple[Tensor, ...]:
    """Gradients, with zeros where there is no dependence (an error with `strict`)."""
    pairs = [(o, v) for o, v in zip(outputs, vectors, strict=True) if o.requires_grad]
    if strict and len(pairs) < len(outputs):
        raise RuntimeError(
            f"{name}: an output of the function is independent of the inputs (strict=True)"
        )
    found: tuple[Any, ...] = (None,) * len(places)
    if pairs:
        found = engine.grad(
            [o for o, _ in pairs],
            places,
            [v for _, v in pairs],
            retain,
            create_graph,
            allow_unused=True,
        )
    if strict and any(g is None for g in found):
        raise RuntimeError(
            f"{name}: an output of the function is independent of an input (strict=True)"
        )
    return tuple(
        wrap(np.zeros_like(p._data)) if g is None else g for g, p in zip(found, places, strict=True)
    )


def _plain(values: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    return values if create_graph else tuple(t.detach() for t in values)


def _packed(values: tuple[Any, ...], several: bool) -> Any:
    return values if several else values[0]


def _vectors(name: str, v: Any, like: tuple[Tensor, ...], what: str) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"{name}: v can only be left out when the {what} is a single scalar")
        return (wrap(np.ones_like(like[0]._data)),)
    vectors, _ = _as_tuple(v, name)
    if len(vectors) != len(like):
        raise RuntimeError(f"{name}: v has {len(vectors)} parts but there are {len(like)} {what}s")
    for k, (a, b) in enumerate(zip(vectors, like, strict=True)):
        if a.shape != b.shape:
            raise RuntimeError(
                f"{name}: v[{k}] has shape {tuple(a.shape)} but the {what} has {tuple(b.shape)}"
            )
    return vectors


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of `func`, and the product of `v` with its Jacobian.

    >>> tn.autograd.functional.vjp(lambda x: x * x, tn.tensor([1.0, 2.0]), tn.tensor([1.0, 1.0]))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    ins, several = _as_tuple(inputs, "vjp")
    places = _fresh(ins, create_graph)
    outs, several_out = _outputs("vjp", func, places)
    vectors = _vectors("vjp", v, outs, "output")
    grads = _grads("vjp", outs, places, vectors, create_graph, strict)
    return _packed(_plain(outs, create_graph), several_out), _packed(
        _plain(grads, create_graph), several
    )


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of `func`, and the product of its Jacobian with `v`: the gradient of a vjp.

    >>> tn.autograd.functional.jvp(lambda x: x * x, tn.tensor([1.0, 2.0]), tn.tensor([1.0, 0.0]))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    ins, _ = _as_tuple(inputs, "jvp")
    places = _fresh(ins, create_graph)
    outs, several_out = _outputs("jvp", func, places)
    vectors = _vectors("jvp", v, ins, "input")
    dummies = tuple(wrap(np.zeros_like(o._data)).requires_grad_() for o in outs)
    back = _grads("jvp", outs, places, dummies, True, strict)
    products = _grads("jvp", back, dummies, vectors, create_graph, False)
    return (
        _packed(_plain(outs, create_graph), several_out),
        _packed(_plain(products, create_graph), several_out),
    )


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivative of each output element by each input element: shape ``output + input``.

    With `vectorize` all rows are computed at once by vmap; ``strategy="forward-mode"`` goes from the inputs.

    >>> tn.autograd.functional.jacobian(lambda x: x * x, tn.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f"jacobian: strategy {strategy!r}; expected 'reverse-mode' or 'forward-mode'"
        )
    ins, several = _as_tuple(inputs, "jacobian")
    if strategy == "forward-mode":
        return _jacobian_forward(func, ins, several, create_graph, strict, vectorize)
    places = _fresh(ins, create_graph)
    outs, several_out = _outputs("jacobian", func, places)
    if vectorize:
        return _jacobian_at_once(outs, several_out, places, several, create_graph, strict)
    table = []
    for out in outs:
        rows = []
        for k in range(out.numel()):
            seed = np.zeros_like(out._data)
            seed.reshape(-1)[k] = 1
            rows.append(_grads("jacobian", (out,), places, (wrap(seed),), create_graph, strict))
        parts = []
        for j, place in enumerate(places):
            shape = (*out.shape, *place.shape)
            parts.append(_stacked([r[j] for r in rows], shape, place, create_graph))
        table.append(_packed(_plain(tuple(parts), create_graph), several))
    return _packed(tuple(table), several_out)


def _jacobian_at_once(
    outs: tuple[Tensor, ...],
    several_out: bool,
    places: tuple[Tensor, ...],
    several: bool,
    create_graph: bool,
    strict: bool,
) -> Any:
    """The rows of all outputs by one backward over a batch of unit vectors for each output."""
    if strict:
        raise RuntimeError("jacobian: strict=True is not supported together with vectorize=True")
    table = []
    for out in outs:
        count = out.numel()
        rows: Any = [None] * len(places)
        if out.requires_grad and count:
            units = np.eye(count, dtype=out._data.dtype).reshape((count, *out._data.shape))
            rows = engine.grad(
                out, places, wrap(units), True, create_graph, True, is_grads_batched=True
            )
        parts = [
            wrap(np.zeros((*out.shape, *p.shape), p._data.dtype))
            if r is None
            else r.reshape((*out.shape, *p.shape))
            for r, p in zip(rows, places, strict=True)
        ]
        table.append(_packed(_plain(tuple(parts), create_graph), several))
    return _packed(tuple(table), several_out)


def _jacobian_forward(
    func: Callable[..., Any],
    ins: tuple[Tensor, ...],
    several: bool,
    create_graph: bool,
    strict: bool,
    vectorize: bool,
) -> Any:
    """The columns, by forward mode over a batch of unit vectors."""
    if strict:
        raise RuntimeError("jacobian: strict=True is not supported in forward mode")
    if not vectorize:
        raise NotImplementedError(
            "jacobian: strategy='forward-mode' needs vectorize=True, as in PyTorch"
        )
    from autotn.transforms.jacobians import columns

    with modes.set_grad_enabled(create_graph):
        several_out, parts = columns(func, ins)
    table = [_packed(_plain(tuple(p), create_graph), several) for p in parts]
    return _packed(tuple(table), several_out)


def _stacked(
    rows: list[Tensor], shape: tuple[int, ...], place: Tensor, create_graph: bool
) -> Tensor:
    if not rows:
        return wrap(np.zeros(shape, place._data.dtype))
    if not create_graph:
        return wrap(np.stack([r._data for r in rows]).reshape(shape))
    return rows[0]._stack_with(rows[1:]).reshape(shape)


def _scalar(name: str, func: Callable[..., Any]) -> Callable[..., Tensor]:
    def checked(*places: Tensor) -> Tensor:
        out = func(*places)
        if not isinstance(out, Tensor):
            raise RuntimeError(f"{name}: the function must return a single Tensor")
        if out.numel() != 1:
            raise RuntimeError(
                f"{name}: the function must return a scalar, got shape {tuple(out.shape)}"
            )
        return out.reshape(())

    return checked


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a scalar function: shape ``input + input``.

    >>> tn.autograd.functional.hessian(lambda x: (x**3).sum(), tn.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    ins, several = _as_tuple(inputs, "hessian")
    scalar = _scalar("hessian", func)

    def gradient(*places: Tensor) -> tuple[Tensor, ...]:
        with lower_recording(), modes.enable_grad():
            value = scalar(*places)
            return _grads("hessian", (value,), places, (None,), True, strict)

    def gradient_of_places(*places: Tensor) -> Any:
        return gradient(*(p if p.requires_grad else p.requires_grad_() for p in places))

    table = jacobian(
        gradient_of_places, ins, create_graph, strict, vectorize, outer_jacobian_strategy
    )
    return table if several else table[0][0]


def _second(name: str, func: Any, inputs: Any, v: Any, create_graph: bool, strict: bool) -> Any:
    ins, several = _as_tuple(inputs, name)
    places = _fresh(ins, create_graph)
    with modes.enable_grad():
        out = _scalar(name, func)(*places)
    vectors = _vectors(name, v, ins, "input")
    first = _grads(name, (out,), places, (None,), True, strict)
    return out, several, places, vectors, first


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function, and the product of `v` with its Hessian.

    >>> tn.autograd.functional.vhp(lambda x: (x**3).sum(), tn.tensor([1.0, 2.0]), tn.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    out, several, places, vectors, first = _second("vhp", func, inputs, v, create_graph, strict)
    product = _grads("vhp", first, places, vectors, create_graph, strict)
    return _plain((out,), create_graph)[0], _packed(_plain(product, create_graph), several)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function, and the product of its Hessian with `v`.

    The Hessian is symmetric, so this is `vhp`.

    >>> tn.autograd.functional.hvp(lambda x: (x**3).sum(), tn.tensor([1.0, 2.0]), tn.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    out, several, places, vectors, first = _second("hvp", func, inputs, v, create_graph, strict)
    product = _grads("hvp", first, places, vectors, create_graph, strict)
    return _plain((out,), create_graph)[0], _packed(_plain(product, create_graph), several)
