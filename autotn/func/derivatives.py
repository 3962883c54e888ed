"""Derivatives of functions as functions: grad, vjp, jvp, Jacobians, Hessians.

Each call differentiates at places of its own, made inside the innermost transform, so derivatives nest with
each other and with vmap in any order. Results stay connected to tensors outside that require grad.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autotn.core import engine, modes
from autotn.core.modes import state, transforming
from autotn.core.node import next_sequence
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.core.traced import Traced
from autotn.core.transform import lower_recording
from autotn.core.views import alias
from autotn.errors import AutogradError
from autotn.func.vmapping import over_basis
from autotn.transforms import trees
from autotn.transforms.forward import Forward

__all__ = [
    "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "value_and_grad", "vjp",
]  # fmt: skip


class _Tape:
    """One differentiation: its places, and what of its results goes on outside."""

    def __init__(self) -> None:
        self.outer = state.grad
        self.start = next_sequence()
        self.depth = len(state.transforms)

    def place(self, tensor: Any) -> Tensor:
        """A place to differentiate at, connected to `tensor` where somebody outside may ask."""
        if not is_differentiable(tensor):
            raise AutogradError(
                f"only Tensors of floating point and complex dtype can be differentiated, got {tensor.dtype}"
            )
        top = state.transforms[-1] if state.transforms else None
        if top is not None and not top.holds(tensor):
            return top.lift(tensor).requires_grad_()
        if self.outer and tensor._node is not None:
            return alias(tensor)
        return wrap(tensor._data).requires_grad_()

    def leaves_outside(self, tensors: list[Any]) -> bool:
        """True when `tensors` depend on something recorded before."""
        if not self.outer:
            return False
        waiting = _nodes(tensors)
        seen = set(waiting)
        while waiting:
            node = waiting.pop()
            if node.seq < self.start:
                return True
            for parent in node.parents:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False

    def outside(self, tensor: Any) -> Any:
        """A result: on the tape only if it depends on something outside."""
        if not isinstance(tensor, Tensor) or tensor._node is None:
            return tensor
        return tensor if self.leaves_outside([tensor]) else tensor._alias()

    def gradients(
        self, outputs: list[Any], places: list[Any], seeds: list[Any],
        create_graph: bool | None = None, retain_graph: bool = False,
    ) -> list[Any]:  # fmt: skip
        """The gradients at the places, zeros where nothing depends on one."""
        live = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o._node is not None]
        record = self.leaves_outside([*outputs, *seeds]) if create_graph is None else create_graph
        found: Any = [None] * len(places)
        if live:
            # Transforms entered since then stand above the tape of the places: it, too, records or not.
            with _recording_below(state.transforms[self.depth :], record):
                found = engine.grad(
                    [o for o, _ in live], places, [s for _, s in live], retain_graph or record,
                    record, allow_unused=True,
                )  # fmt: skip
        return [
            wrap(np.zeros_like(p._data)) if g is None else self.outside(g)
            for p, g in zip(places, found, strict=True)
        ]


def _nodes(tensors: Any) -> list[Any]:
    """The nodes of tensors and of what they are made of on the levels below."""
    found = []
    for t in tensors:
        if not isinstance(t, Tensor):
            continue
        if t._node is not None:
            found.append(t._node)
        if type(t._data) is Traced:
            found += _nodes(t._data.parts)
    return found


@contextmanager
def _recording_below(transforms: Any, record: bool) -> Iterator[None]:
    before = [t.lower_grad for t in transforms]
    try:
        for t in transforms:
            t.lower_grad = record
        yield
    finally:
        for t, grad_mode in zip(transforms, before, strict=True):
            t.lower_grad = grad_mode


def _chosen(name: str, args: tuple[Any, ...], argnums: Any) -> tuple[list[int], bool]:
    """The positions to differentiate by, and whether several were asked for."""
    several = isinstance(argnums, tuple)
    wanted = list(argnums) if several else [argnums]
    if several and not wanted:
        raise RuntimeError("Must be non-empty argnums")
    for k in wanted:
        if not isinstance(k, int):
            raise RuntimeError(f"{name}: argnums must be int or Tuple[int, ...], got: {type(k)}")
        if not -len(args) <= k < len(args):
            raise RuntimeError(f"Got argnum={k}, but only {len(args)} positional inputs")
    places = [k % len(args) for k in wanted]
    if len(set(places)) < len(places):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return places, several


def _tensors(name: str, what: str, leaves: list[Any]) -> list[Any]:
    for x in leaves:
        if not isinstance(x, Tensor):
            raise RuntimeError(
                f"{name}: Expected {what} to be Tensors or nested tuples, lists and dicts of them, got "
                f"type {type(x).__name__}"
            )
    return leaves


def _split_aux(output: Any) -> tuple[Any, Any]:
    if not (isinstance(output, tuple) and len(output) == 2):
        raise RuntimeError(
            "output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return output


def _value_and_gradients(
    name: str, func: Any, argnums: Any, has_aux: bool, args: tuple[Any, ...], kwargs: Any
) -> tuple[Any, Any, Any]:
    positions, several = _chosen(name, args, argnums)
    tape = _Tape()
    leaves, shape = trees.flatten(tuple(args[k] for k in positions))
    _tensors(name, "the inputs it differentiates by", leaves)
    with lower_recording(), modes.enable_grad():
        places = [tape.place(x) for x in leaves]
        given = list(args)
        for k, value in zip(positions, shape.rebuild(places), strict=True):
            given[k] = value
        output, aux = (
            _split_aux(func(*given, **kwargs)) if has_aux else (func(*given, **kwargs), None)
        )
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"{name}(f)(*args): Expected f(*args) to return a tensor, got {type(output).__name__}"
            )
        if output.ndim:
            raise RuntimeError(
                f"{name}(f)(*args): Expected f(*args) to return a scalar tensor, got tensor with "
                f"{output.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        found = tape.gradients([output], places, [None])
    gradients = shape.rebuild(found)
    return (
        gradients if several else gradients[0],
        tape.outside(output),
        trees.mapped(tape.outside, aux) if has_aux else None,
    )


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function with a scalar result, as a function of the same arguments.

    Parameters
    ----------
    argnums : int or tuple of int
        The arguments to differentiate by; each may be a tensor or a nesting of tensors.
    has_aux : bool
        `func` returns ``(output, aux)``, and so does the gradient: ``(gradient, aux)``.

    >>> tn.func.grad(lambda x: (x**3).sum())(tn.tensor([1.0, 2.0]))
    tensor([ 3., 12.])
    >>> tn.func.grad(tn.func.grad(tn.sin))(tn.tensor(0.5))
    tensor(-0.4794)
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, _, aux = _value_and_gradients("grad", func, argnums, has_aux, args, kwargs)
        return (found, aux) if has_aux else found

    return gradient


def grad_and_value(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient and the value: ``(gradient, value)``, or ``(gradient, (value, aux))``.

    >>> tn.func.grad_and_value(lambda x: (x * x).sum())(tn.tensor([3.0]))
    (tensor([6.]), tensor(9.))
    """

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        found, value, aux = _value_and_gradients(
            "grad_and_value", func, argnums, has_aux, args, kwargs
        )
        return (found, (value, aux)) if has_aux else (found, value)

    return both


def value_and_grad(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The value first, then the gradient, as JAX has it: see `grad_and_value`.

    >>> tn.func.value_and_grad(lambda x: (x * x).sum())(tn.tensor([3.0]))
    (tensor(9.), tensor([6.]))
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def turned(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return value, found

    return turned


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of a function, and the function that takes gradients of the output back to the inputs.

    Returns
    -------
    output, vjp_fn
        And ``aux``, if `has_aux`. ``vjp_fn`` gives a tuple with one gradient for each of `primals`.

    >>> y, pull = tn.func.vjp(tn.sin, tn.tensor([0.0, 1.0]))
    >>> pull(tn.tensor([1.0, 1.0]))
    (tensor([1.0000, 0.5403]),)
    """
    tape = _Tape()
    leaves, shape = trees.flatten(primals)
    _tensors("vjp(f, *primals)", "all primals", leaves)
    with lower_recording(), modes.enable_grad():
        places = [tape.place(x) for x in leaves]
        output, aux = _with_aux(func, shape.rebuild(places), has_aux)
    outputs, out_shape = trees.flatten(output)
    _tensors("vjp(f, *primals)", "f(*primals)", outputs)

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        """The gradients at the primals, for this gradient of the output."""
        seeds, seed_shape = trees.flatten(cotangents)
        if seed_shape != out_shape:
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as pytree structure of outputs "
                f"to the function. cotangents: {seed_shape}, primal output: {out_shape}"
            )
        asked = _Tape()
        asked.start, asked.depth = tape.start, tape.depth
        with lower_recording():
            return shape.rebuild(
                asked.gradients(outputs, places, seeds, create_graph, retain_graph=retain_graph)
            )

    result = trees.mapped(tape.outside, output)
    return (result, vjp_fn, trees.mapped(tape.outside, aux)) if has_aux else (result, vjp_fn)


def _with_aux(func: Any, args: tuple[Any, ...], has_aux: bool) -> tuple[Any, Any]:
    result = func(*args)
    return _split_aux(result) if has_aux else (result, None)


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """The value of a function, and how it changes along `tangents`: one forward pass.

    Parameters
    ----------
    strict : bool
        Raise when an output does not depend on the inputs, instead of giving zeros.

    >>> tn.func.jvp(tn.sin, (tn.tensor(0.0),), (tn.tensor(2.0),))
    (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call "
            "f(*primals)."
        )
    if not isinstance(tangents, tuple):
        raise RuntimeError("jvp(f, primals, tangents): Expected tangents to be a tuple.")
    leaves, shape = trees.flatten(primals)
    moves, move_shape = trees.flatten(tangents)
    if shape != move_shape:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure. "
            f"primals: {shape}, tangents: {move_shape}"
        )
    _tensors("jvp(f, primals, tangents)", "primals", leaves)
    _tensors("jvp(f, primals, tangents)", "tangents", moves)
    for p, t in zip(leaves, moves, strict=True):
        if p.shape != t.shape or p.dtype != t.dtype:
            raise RuntimeError(
                f"jvp(f, primals, tangents): a tangent of shape {tuple(t.shape)} and {t.dtype} for a primal "
                f"of shape {tuple(p.shape)} and {p.dtype}; they must agree"
            )
    level = Forward()
    duals = [level.dual(p, t) for p, t in zip(leaves, moves, strict=True)]
    with transforming(level):
        output, aux = _with_aux(func, shape.rebuild(duals), has_aux)
    outputs, out_shape = trees.flatten(output)
    _tensors("jvp(f, primals, tangents)", "f(*primals)", outputs)
    found = []
    for o in outputs:
        t = level.tangent(o)
        if t is None and strict:
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs"
            )
        found.append(wrap(np.zeros_like(level.primal(o)._data)) if t is None else t)
    result = trees.mapped(level.primal, output), out_shape.rebuild(found)
    if not has_aux:
        return result
    return (*result, trees.mapped(lambda a: level.primal(a) if isinstance(a, Tensor) else a, aux))


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of a function, and its linear approximation there: the jvp, for as many tangents as you like.

    >>> y, push = tn.func.linearize(tn.sin, tn.tensor(0.0))
    >>> push(tn.tensor(3.0))
    tensor(3.)
    """
    leaves, shape = trees.flatten(primals)
    _tensors("linearize(f, *primals)", "primals", leaves)
    output = func(*primals)
    _tensors("linearize(f, *primals)", "f(*primals)", trees.flatten(output)[0])

    def jvp_fn(*tangents: Any) -> Any:
        """How the output changes along these tangents."""
        given = trees.flatten(tangents)[1]
        if given != shape:
            raise RuntimeError(
                "Expected the tangents to have the same structure as the primals: "
                f"{given} for {shape}"
            )
        return jvp(func, primals, tangents)[1]

    return output, jvp_fn


# -- whole Jacobians -------------------------------------------------------------------------------------


def _basis(leaves: list[Any]) -> list[np.ndarray[Any, Any]]:
    """Unit vectors in the space of all leaves together: for each leaf its rows, ``(total, *shape)``."""
    total = sum(x.numel() for x in leaves)
    parts, start = [], 0
    for x in leaves:
        count = x.numel()
        rows = np.zeros((total, count), x._data.dtype)
        rows[start : start + count] = np.eye(count, dtype=x._data.dtype)
        parts.append(rows.reshape((total, *x._data.shape)))
        start += count
    return parts


def jacrev(
    func: Callable[..., Any],
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The Jacobian by reverse mode: one backward pass for each element of the output, all at once by vmap.

    Parameters
    ----------
    chunk_size : int, optional
        Do so many rows at a time, to save memory.

    >>> tn.func.jacrev(lambda x: x**2)(tn.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and not chunk_size > 0:
        raise ValueError(f"jacrev: chunk_size should be None or greater than 0, got {chunk_size}")

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        positions, several = _chosen("jacrev", args, argnums)

        def of_chosen(*chosen: Any) -> Any:
            given = list(args)
            for k, value in zip(positions, chosen, strict=True):
                given[k] = value
            return func(*given, **kwargs)

        primals = tuple(args[k] for k in positions)
        output, pull, *aux = vjp(of_chosen, *primals, has_aux=has_aux)
        outputs, out_shape = trees.flatten(output)
        leaves, shape = trees.flatten(primals)

        def row(*seeds: Any) -> Any:
            return trees.flatten(pull(out_shape.rebuild(list(seeds))))[0]

        if sum(o.numel() for o in outputs):
            columns = over_basis(row, _basis(outputs), chunk_size)
        else:
            columns = [wrap(np.zeros((0, *x.shape), x._data.dtype)) for x in leaves]
        table, start = [], 0
        for o in outputs:
            count = o.numel()
            blocks = [
                c[start : start + count].reshape((*o.shape, *x.shape))
                for c, x in zip(columns, leaves, strict=True)
            ]
            nested = shape.rebuild(blocks)
            table.append(nested if several else nested[0])
            start += count
        result = out_shape.rebuild(table)
        return (result, aux[0]) if has_aux else result

    return jacobian


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The Jacobian by forward mode: one pass for each element of the input, all at once by vmap.

    >>> tn.func.jacfwd(lambda x: x**2)(tn.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        positions, several = _chosen("jacfwd", args, argnums)
        primals = tuple(args[k] for k in positions)
        leaves, shape = trees.flatten(primals)
        _tensors("jacfwd", "the inputs it differentiates by", leaves)
        kept: dict[str, Any] = {}

        def of_chosen(*chosen: Any) -> Any:
            given = list(args)
            for k, value in zip(positions, chosen, strict=True):
                given[k] = value
            return func(*given, **kwargs)

        def column(*moves: Any) -> list[Any]:
            found = jvp(of_chosen, primals, shape.rebuild(list(moves)), has_aux=has_aux)
            outputs, kept["shape"] = trees.flatten(found[1])
            kept["sizes"] = [tuple(o.shape) for o in outputs]
            extra, kept["aux"] = trees.flatten(found[2]) if has_aux else ([], None)
            return [*outputs, *extra]

        found = over_basis(column, _basis(leaves), None, randomness)
        count = len(kept["sizes"])
        rows = [r.movedim(0, -1) for r in found[:count]]
        table = []
        for r, size in zip(rows, kept["sizes"], strict=True):
            blocks, start = [], 0
            for x in leaves:
                part = r[..., start : start + x.numel()]
                blocks.append(part.reshape((*size, *x.shape)))
                start += x.numel()
            nested = shape.rebuild(blocks)
            table.append(nested if several else nested[0])
        result = kept["shape"].rebuild(table)
        if not has_aux:
            return result
        return result, kept["aux"].rebuild([a[0] for a in found[count:]])

    return jacobian


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The second derivatives: `jacfwd` of `jacrev`.

    >>> tn.func.hessian(lambda x: (x**3).sum())(tn.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
