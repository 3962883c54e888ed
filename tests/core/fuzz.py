"""Random programs of ops, views and in-place writes, run side by side here and in PyTorch.

A program is a list of steps on tensors of single and double precision; a step names what is done,
to which of the tensors so far, and with which numbers. After every step all tensors must agree in
value, ``requires_grad`` and ``_version``; at the end the gradients must agree, first and second
order. A step that raises must raise in both. Where only PyTorch refuses (parts of an unbind,
``x.mul_(x)``), finite differences judge instead.

What PyTorch leaves open is not drawn: an op that reads the memory it writes, two values for one place,
and views of a tensor that later starts or stops requiring grad.

Long run: ``python -m tests.core.fuzz --n 20000``.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import autotn as tn

Pool = list[Any]
Step = tuple[str, tuple[Any, ...], bool]  # name, arguments, under no_grad
Chooser = Callable[[np.random.Generator, list[tuple[int, ...]]], "tuple[Any, ...] | None"]

DTYPES = [np.float32, np.float32, np.float64]
SHAPES = [(3,), (2, 3), (3, 3), (2, 2, 3), (1, 3), (2, 1), (4,), ()]
CHOOSERS: dict[str, Chooser] = {}
RUNNERS: dict[str, Callable[..., Any]] = {}


class Disagreement(AssertionError):
    """autotn and PyTorch differ."""


def step(name: str, choose: Chooser) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a step: `choose` draws its arguments, the decorated function does it."""

    def declare(run: Callable[..., Any]) -> Callable[..., Any]:
        CHOOSERS[name], RUNNERS[name] = choose, run
        return run

    return declare


# -- drawing arguments -------------------------------------------------------------------------------


def one(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> tuple[Any, ...]:
    return (int(rng.integers(len(shapes))),)


def with_dims(least: int) -> Chooser:
    def choose(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> tuple[Any, ...] | None:
        fitting = [k for k, s in enumerate(shapes) if len(s) >= least and 0 not in s]
        return (int(rng.choice(fitting)),) if fitting else None

    return choose


def then(first: Chooser, more: Callable[..., tuple[Any, ...]]) -> Chooser:
    """`first` draws the tensor, `more(rng, shape)` the rest."""

    def choose(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> tuple[Any, ...] | None:
        found = first(rng, shapes)
        return None if found is None else (*found, *more(rng, shapes[found[0]]))

    return choose


def pair(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> tuple[Any, ...]:
    """Two tensors that broadcast."""
    for _ in range(20):
        a, b = (int(k) for k in rng.integers(len(shapes), size=2))
        with contextlib.suppress(ValueError):
            np.broadcast_shapes(shapes[a], shapes[b])
            return a, b
    return a, a


def into(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> tuple[Any, ...]:
    """A tensor to write to and one that broadcasts to it."""
    for _ in range(20):
        a, b = pair(rng, shapes)
        if np.broadcast_shapes(shapes[a], shapes[b]) == shapes[a]:
            return a, b
    return a, a


def dim(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return (int(rng.integers(-len(shape), len(shape))),)


def index(
    rng: np.random.Generator, shape: tuple[int, ...], repeats: bool = True
) -> tuple[Any, ...]:
    """A random index, as text both libraries can read."""
    n = shape[0]
    k = int(rng.integers(-n, n))
    forms = [f"{k}", f"slice({k % n}, None)", "None", "Ellipsis", "slice(None, None, 2)"]
    if len(shape) > 1:
        j = int(rng.integers(shape[1]))
        forms += [f"(slice(None), {j})", f"({k}, slice({j}, None))", f"(Ellipsis, {k % shape[-1]})"]
        forms += [f"(slice(None), None, slice(0, {j + 1}))"]
    count = int(rng.integers(1, 4 if repeats else min(n, 3) + 1))
    many = [int(i) for i in rng.choice(n, size=count, replace=repeats)]
    forms += [f"T.tensor({many})"] * 2
    if len(shape) > 1:
        forms += [f"(T.tensor({many}), {int(rng.integers(shape[1]))})"]
        columns = [i % shape[1] for i in many]
        if repeats or len({*columns}) == count:
            forms += [f"(slice(None), T.tensor({columns}))"]
    mask = [bool(b) for b in rng.integers(2, size=n)]
    forms += [f"T.tensor({mask})"]
    return (forms[int(rng.integers(len(forms)))],)


def place_to_write(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index that meets no element twice: which of two values stays is not promised."""
    return index(rng, shape, repeats=False)


def shape_of_same_size(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    size = int(np.prod(shape))
    forms = [(-1,), (1, -1), shape[::-1], (size, 1)]
    return (forms[int(rng.integers(len(forms)))],)


def bigger(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    grown = tuple(2 if n == 1 and rng.random() < 0.7 else n for n in shape)
    return ((2, *grown) if rng.random() < 0.4 and len(shape) < 3 else grown,)


def window(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    (d,) = dim(rng, shape)
    start = int(rng.integers(shape[d]))
    return d, start, int(rng.integers(1, shape[d] - start + 1))


def maybe_dim(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return (dim(rng, shape)[0] if shape and rng.random() < 0.7 else None, bool(rng.random() < 0.4))


def value(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return (round(float(rng.uniform(-1.5, 1.5)), 2),)


# -- the steps ---------------------------------------------------------------------------------------

for _name in ("add", "sub", "mul", "maximum"):
    step(_name, pair)(lambda T, pool, a, b, f=_name: getattr(T, f)(pool[a], pool[b]))
    if _name != "maximum":
        step(f"{_name}_", into)(lambda T, pool, a, b, f=_name: getattr(pool[a], f + "_")(pool[b]))
for _name in ("sin", "tanh", "sigmoid", "relu", "neg", "square", "clone"):
    step(_name, one)(lambda T, pool, a, f=_name: getattr(pool[a], f)())
for _name in ("sin", "tanh", "sigmoid", "relu", "neg", "zero", "square"):
    step(f"{_name}_", one)(lambda T, pool, a, f=_name: getattr(pool[a], f + "_")())
for _name in ("add", "mul", "div"):
    step(f"{_name}_number", then(one, value))(lambda T, p, a, v, f=_name: getattr(p[a], f)(v + 2))
    step(f"{_name}_number_", then(one, value))(
        lambda T, p, a, v, f=_name: getattr(p[a], f + "_")(v + 2)
    )
for _name in ("sum", "mean", "amax"):
    step(_name, then(one, maybe_dim))(
        lambda T, p, a, d, keep, f=_name: (
            getattr(p[a], f)() if d is None else getattr(p[a], f)(d, keepdim=keep)
        )
    )


@step("addcmul_", into)
def _(T: Any, pool: Pool, a: int, b: int) -> Any:
    return pool[a].addcmul_(pool[b], pool[a], value=0.5)


@step("detach", one)
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].detach()


@step("copy_", into)
def _(T: Any, pool: Pool, a: int, b: int) -> Any:
    return pool[a].copy_(pool[b])


@step("fill_", then(one, value))
def _(T: Any, pool: Pool, a: int, v: float) -> Any:
    return pool[a].fill_(v)


@step("clamp_", then(one, value))
def _(T: Any, pool: Pool, a: int, v: float) -> Any:
    return pool[a].clamp_(-abs(v), abs(v))


@step("max_of_dim", then(with_dims(1), dim))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return pool[a].max(d).values


@step("index", then(with_dims(1), index))
def _(T: Any, pool: Pool, a: int, text: str) -> Any:
    return pool[a][eval(text, {"T": T})]


@step("setitem_number", then(with_dims(1), place_to_write))
def _(T: Any, pool: Pool, a: int, text: str) -> Any:
    pool[a][eval(text, {"T": T})] = 0.7


@step("setitem", into)
def _(T: Any, pool: Pool, a: int, b: int) -> Any:
    pool[a][...] = pool[b]


@step(
    "setitem_part",
    then(with_dims(1), lambda rng, s: (*place_to_write(rng, s), int(rng.integers(99)))),
)
def _(T: Any, pool: Pool, a: int, text: str, b: int) -> Any:
    where = eval(text, {"T": T})
    pool[a][where] = pool[b % len(pool)].mean() * 2


@step(
    "iadd_part", then(with_dims(1), lambda rng, s: (*place_to_write(rng, s), int(rng.integers(99))))
)
def _(T: Any, pool: Pool, a: int, text: str, b: int) -> Any:
    pool[a][eval(text, {"T": T})] += pool[b % len(pool)].sum()


@step("transpose", then(with_dims(2), lambda rng, s: (*dim(rng, s), *dim(rng, s))))
def _(T: Any, pool: Pool, a: int, d: int, e: int) -> Any:
    return pool[a].transpose(d, e)


@step("reshape", then(one, shape_of_same_size))
def _(T: Any, pool: Pool, a: int, shape: tuple[int, ...]) -> Any:
    return pool[a].reshape(shape)


@step("view", then(one, shape_of_same_size))
def _(T: Any, pool: Pool, a: int, shape: tuple[int, ...]) -> Any:
    return pool[a].view(shape)


@step("expand", then(one, bigger))
def _(T: Any, pool: Pool, a: int, shape: tuple[int, ...]) -> Any:
    return pool[a].expand(shape)


@step("narrow", then(with_dims(1), window))
def _(T: Any, pool: Pool, a: int, d: int, start: int, length: int) -> Any:
    return pool[a].narrow(d, start, length)


@step("select", then(with_dims(1), dim))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return pool[a].select(d, -1)


@step("unbind", then(with_dims(1), dim))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return list(pool[a].unbind(d))[:2]


@step("chunk", then(with_dims(1), dim))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return list(pool[a].chunk(2, d))


@step("diagonal", with_dims(2))
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].diagonal()


@step("unsqueeze", then(one, lambda rng, s: (int(rng.integers(len(s) + 1)),)))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return pool[a].unsqueeze(d)


@step("squeeze", one)
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].squeeze()


@step("t_", with_dims(2))
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].transpose_(0, 1)


@step("unsqueeze_", one)
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].unsqueeze_(0)


@step("flip", then(with_dims(1), dim))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return pool[a].flip(d)


@step("cat", then(with_dims(1), dim))
def _(T: Any, pool: Pool, a: int, d: int) -> Any:
    return T.cat([pool[a], pool[a] * 2], d)


@step("stack", pair)
def _(T: Any, pool: Pool, a: int, b: int) -> Any:
    return T.stack(T.broadcast_tensors(pool[a], pool[b]))


@step("requires_grad_", one)
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].requires_grad_()


@step("detach_", one)
def _(T: Any, pool: Pool, a: int) -> Any:
    return pool[a].detach_()


@step("retain_grad", one)
def _(T: Any, pool: Pool, a: int) -> Any:
    pool[a].retain_grad()


NAMES = sorted(CHOOSERS)
RARE = {"requires_grad_": 0.15, "detach_": 0.2, "t_": 0.4, "unsqueeze_": 0.3, "flip": 0.4}
WEIGHTS = np.array(
    [RARE.get(n, 1.5 if "item" in n or n in ("index", "mul_") else 1) for n in NAMES]
)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


# -- running -----------------------------------------------------------------------------------------


def start(T: Any, values: list[Any]) -> Pool:
    """Two leaves, a constant, and something computed from each leaf."""
    pool = [T.tensor(v.copy()) for v in values]
    pool[0].requires_grad_()
    pool[1].requires_grad_()
    return [*pool, pool[0] * 1, pool[1] * pool[1]]


def run_step(T: Any, pool: Pool, made: Step) -> Exception | None:
    """Do one step and append what it gives; the error, if it raises one."""
    name, arguments, quiet = made
    try:
        with T.no_grad() if quiet else contextlib.nullcontext():
            result = RUNNERS[name](T, pool, *arguments)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        return error
    for r in result if isinstance(result, list) else [result]:
        if r is not None and all(r is not old for old in pool):
            pool.append(r)
    return None


def objective(T: Any, pool: Pool, chosen: list[int], weights: list[Any]) -> Any:
    total = 0.0
    for k in chosen:
        total = total + (pool[k] * T.tensor(weights[k])).sum()
    return total


def gradients(T: Any, pool: Pool, chosen: list[int], weights: list[Any], second: bool) -> list[Any]:
    """Gradients of the leaves (and of their squared sum, in the second round), as arrays or None."""
    out = objective(T, pool, chosen, weights)
    leaves = pool[:2]
    if not second:
        out.backward()
        kept = [t for t in pool[2:] if t.requires_grad and (t.is_leaf or t.retains_grad)]
        return [None if x.grad is None else x.grad.numpy() for x in [*leaves, *kept]]
    first = T.autograd.grad(out, leaves, create_graph=True, allow_unused=True)
    inner = sum((g * g).sum() for g in first if g is not None and g.requires_grad)
    more: Any = [None, None]
    if not isinstance(inner, float | int):
        more = T.autograd.grad(inner, leaves, allow_unused=True)
    return [None if g is None else g.detach().numpy() for g in (*first, *more)]


def close(found: Any, expected: Any, tolerance: float, single: bool) -> bool:
    """Equal but for rounding, which is that of float32 where a program has any (`single`)."""
    tolerance = 1e-3 if single else tolerance
    return np.allclose(found, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def compare_pools(ours: Pool, theirs: Pool, single: bool) -> None:
    if len(ours) != len(theirs):
        raise Disagreement(f"{len(ours)} tensors here, {len(theirs)} there")
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        found, expected = a.detach().numpy(), b.detach().numpy()
        if found.shape != expected.shape:
            raise Disagreement(f"tensor {k}: shape {found.shape} here, {expected.shape} there")
        if found.dtype != expected.dtype:
            raise Disagreement(f"tensor {k}: {found.dtype} here, {expected.dtype} there")
        if not close(found, expected, 1e-9, single):
            raise Disagreement(f"tensor {k}: {found} here, {expected} there")
        for what in ("requires_grad", "_version", "is_leaf"):
            if getattr(a, what) != getattr(b, what):
                raise Disagreement(
                    f"tensor {k}: {what} is {getattr(a, what)} here, {getattr(b, what)} there"
                )


def finite_differences(
    values: list[Any], steps: list[Step], chosen: list[int], weights: list[Any], place: int
) -> Any:
    """The gradient of the program's objective, from the program alone (detach left out of account)."""

    def at(moved: Any) -> float:
        given = [v if k != place else moved for k, v in enumerate(values)]
        pool = start(tn, given)
        for s in steps:
            run_step(tn, pool, s)
        return float(objective(tn, pool, chosen, weights).item())

    slope = np.zeros_like(values[place])
    for k in np.ndindex(slope.shape):
        up, down = values[place].copy(), values[place].copy()
        up[k] += 1e-6
        down[k] -= 1e-6
        slope[k] = (at(up) - at(down)) / 2e-6
    return slope


RESHAPING = {"t_", "unsqueeze_"}
CUTTING = {"detach", "detach_", "requires_grad_"}


def run_program(seed: int, length: int = 12) -> str:
    """Run the program of one seed; the verdict, or a `Disagreement` that prints the program."""
    import torch

    rng = np.random.default_rng(seed)
    values = [rng.uniform(-1, 1, SHAPES[int(rng.integers(len(SHAPES)))]) for _ in range(3)]
    if rng.random() < 0.3:  # dtypes that meet; finite differences want all of double precision
        kinds = [DTYPES[int(k)] for k in rng.integers(len(DTYPES), size=3)]
        values = [v.astype(kind) for v, kind in zip(values, kinds, strict=True)]
    ours, theirs = start(tn, values), start(torch, values)
    steps: list[Step] = []
    try:
        for _ in range(int(rng.integers(3, length + 1))):
            name = str(rng.choice(NAMES, p=WEIGHTS))
            arguments = CHOOSERS[name](rng, [tuple(t.shape) for t in theirs])
            if arguments is None or _reads_what_it_writes(name, arguments, ours):
                continue
            if name in RESHAPING and ours[arguments[0]].retains_grad:
                continue  # PyTorch keeps the gradient in the old shape
            if name in ("requires_grad_", "detach_") and any(
                t._base is theirs[arguments[0]] for t in theirs
            ):
                continue  # PyTorch's views then say that they require grad, yet nothing flows
            # PyTorch says that a view made under no_grad requires grad though nothing flows: left out.
            quiet = name.endswith(("_", "add", "mul", "sin", "number")) and bool(rng.random() < 0.1)
            quiet = quiet and name not in RESHAPING  # PyTorch's gradient then has the old shape
            made = (name, arguments, quiet)
            mine, other = run_step(tn, ours, made), run_step(torch, theirs, made)
            steps.append(made)
            if other is not None and mine is None:
                return "only PyTorch refuses: " + str(other)[:60]
            if mine is not None and other is None:
                if _is_overlap(mine):
                    return "autotn refuses to write where elements share memory"
                raise Disagreement(f"only autotn refuses: {mine!r}")
            try:
                [t.is_leaf for t in theirs]
            except RuntimeError as error:  # a part of an unbind after a write to its base
                return "only PyTorch refuses: " + str(error)[:60]
            compare_pools(ours, theirs, any(v.dtype == np.float32 for v in values))
        return _finish(rng, ours, theirs, steps, values)
    except Exception as error:
        listing = "\n".join(f"  {k}: {s}" for k, s in enumerate(steps))
        shapes = [v.shape for v in values]
        raise Disagreement(f"seed {seed}, shapes {shapes}\n{listing}\n{error!r}") from error


def _reads_what_it_writes(name: str, arguments: tuple[Any, ...], pool: Pool) -> bool:
    """PyTorch promises no order then; here the old values are read."""
    if CHOOSERS[name] is not into or arguments[0] == arguments[1]:
        return False
    a, b = (pool[k].detach().numpy() for k in arguments)
    return bool(np.shares_memory(a, b))


def _is_overlap(error: Exception) -> bool:
    """Writing to what `expand` stretched: PyTorch lets some of it pass, where it is harmless."""
    text = str(error)
    return "more than one element of the written-to tensor" in text or "read-only" in text


def _finish(
    rng: np.random.Generator, ours: Pool, theirs: Pool, steps: list[Step], values: list[Any]
) -> str:
    chosen = [k for k in range(len(theirs)) if k >= 2 and rng.random() < 0.6] or [len(theirs) - 1]
    weights = [rng.uniform(0.5, 1.5, tuple(t.shape)) for t in theirs]
    single = any(v.dtype == np.float32 for v in values)
    second = bool(rng.random() < 0.35)
    try:
        expected: Any = gradients(_torch(), theirs, chosen, weights, second)
    except RuntimeError as error:
        expected = error
    try:
        found: Any = gradients(tn, ours, chosen, weights, second)
    except RuntimeError as error:
        found = error
    if isinstance(found, RuntimeError) and isinstance(expected, RuntimeError):
        return "both refuse backward"
    if isinstance(found, RuntimeError):
        raise Disagreement(f"only autotn refuses backward: {found}")
    if isinstance(expected, RuntimeError):
        if second or single or any(s[0] in CUTTING or s[2] for s in steps):
            return "only PyTorch refuses backward (not judged)"
        for place in range(2):
            slope = finite_differences(values, steps, chosen, weights, place)
            got = np.zeros_like(slope) if found[place] is None else found[place]
            if not np.allclose(got, slope, rtol=1e-4, atol=1e-5):
                raise Disagreement(
                    f"leaf {place}: gradient {got}, finite differences {slope}; PyTorch: {expected}"
                )
        return "only PyTorch refuses backward (finite differences agree)"
    if len(found) != len(expected):
        raise Disagreement(f"{len(found)} gradients here, {len(expected)} there")
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        if second:  # whether a gradient that is nothing but zeros was recorded is a matter of taste
            a, b = (np.zeros(()) if x is None else x for x in (a, b))
        if (a is None) != (b is None):
            raise Disagreement(f"gradient {k} is {a} here, {b} there (second={second})")
        if a is not None and not close(a, b, 1e-7, single):
            raise Disagreement(f"gradient {k} is {a} here, {b} there (second={second})")
    return "agree"


def _torch() -> Any:
    import torch

    return torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--length", type=int, default=12, help="most steps of a program")
    parser.add_argument("--stop", type=int, default=5, help="end after so many disagreements")
    given = parser.parse_args()
    verdicts: collections.Counter[str] = collections.Counter()
    failures = 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for seed in range(given.first, given.first + given.n):
            try:
                verdicts[run_program(seed, given.length)] += 1
            except Disagreement as error:
                failures += 1
                sys.stdout.write(f"{error}\n\n")
                if failures >= given.stop:
                    break
    for verdict, count in verdicts.most_common():
        sys.stdout.write(f"{count:6}  {verdict}\n")
    sys.stdout.write(f"{failures:6}  disagreements\n")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
