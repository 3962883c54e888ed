"""Ways to call a function that many ops share: used by the sample files beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.testing import ErrorSample, Sample

#: What goes wrong at the edges goes wrong here.
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0]

#: The questions an op without derivative, here and in PyTorch, can't be asked.
NO_DERIVATIVE = (
    "gradient_like_torch", "gradient", "second_order", "raw_equals_recorded", "float32_stays",
    "inputs_unchanged", "in_place_agrees",
)  # fmt: skip


def unary(
    array: Any,
    kinds: str = "bifc",
    odd: bool = True,
    half: bool = True,
    skip: tuple[str, ...] = (),
    **bounds: Any,
) -> Iterator[Any]:
    """One operand in all the shapes and dtypes it can have; `kinds` as in ``op.takes``."""
    yield Sample(array(2, 3, **bounds), _skip=skip)
    yield Sample(array(**bounds), _skip=skip)
    yield Sample(array(2, 0, 3, **bounds), _skip=skip)
    yield Sample(array(2, 2, strided=True, **bounds), _skip=skip)
    yield Sample(array(3, dtype=np.float32, **bounds), _skip=skip)
    if half:
        yield Sample(array(3, dtype=np.float16, **bounds), _skip=skip)
    if odd:
        yield Sample(np.array(ODD), _skip=skip)
        yield Sample(np.array(ODD, np.float32), _skip=skip)
    kind: Any
    for letter, kind in (("b", np.bool_), ("i", np.int64), ("i", np.uint8), ("c", np.complex128)):
        if letter in kinds:
            yield Sample(array(4, dtype=kind, **(bounds if letter == "c" else {})), _skip=skip)
    if "c" in kinds:
        yield Sample(array(2, dtype=np.complex64, **bounds))
        yield Sample(array(2, 0, dtype=np.complex128))
    refused: dict[str, Any] = {"b": np.bool_, "i": np.int64, "c": np.complex64}
    for letter, kind in refused.items():
        if letter not in kinds:
            yield ErrorSample(array(3, dtype=kind), raises=RuntimeError)
    yield ErrorSample("text", raises=TypeError, match="argument '.*' must be a Tensor")


def binary(
    array: Any,
    kinds: str = "ifc",
    numbers: bool = True,
    half: bool = True,
    skip: tuple[str, ...] = (),
    **bounds: Any,
) -> Iterator[Any]:
    """Two operands in all the ways they can meet."""
    yield Sample(array(2, 3, **bounds), array(2, 3, **bounds), _skip=skip)
    yield Sample(array(2, 3, **bounds), array(3, **bounds), _skip=skip)
    yield Sample(array(3, **bounds), array(2, 1, **bounds), _skip=skip)
    yield Sample(array(2, 0, **bounds), array(1, **bounds), _skip=skip)
    yield Sample(array(**bounds), array(**bounds), _skip=skip)
    yield Sample(array(2, 2, strided=True, **bounds), array(2, **bounds), _skip=skip)
    yield Sample(array(3, dtype=np.float32, **bounds), array(3, **bounds), _skip=skip)
    yield Sample(array(3, dtype=np.float32, **bounds), array(**bounds), _skip=skip, _tol=30)
    if half:
        yield Sample(
            array(3, dtype=np.float16, **bounds), array(3, dtype=np.float16, **bounds), _skip=skip
        )
    if numbers:
        yield Sample(array(3, **bounds), 2.5, _skip=skip)
        yield Sample(array(3, dtype=np.float32, **bounds), 2, _skip=skip)
    if "i" in kinds:
        few = {"low": 1, "high": 5}
        yield Sample(
            array(3, dtype=np.float32, **bounds), array(3, dtype=np.int64, **few), _skip=skip
        )
        yield Sample(array(3, dtype=np.int64, **few), array(3, dtype=np.int32, **few), _skip=skip)
        yield Sample(array(3, dtype=np.uint8, **few), array(3, dtype=np.int8, **few), _skip=skip)
        if numbers:
            yield Sample(array(3, dtype=np.int64, **few), 2, _skip=skip)
            yield Sample(array(3, dtype=np.int64, **few), 1.5, _skip=skip)
    if "b" in kinds:
        yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.bool_), _skip=skip)
        yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.int64), _skip=skip)
    if "c" in kinds:
        yield Sample(array(3, dtype=np.complex128), array(3, **bounds), _skip=skip)
        yield Sample(array(2, dtype=np.complex128), array(2, 2, dtype=np.complex128), _skip=skip)
        yield Sample(array(2, dtype=np.complex64), array(2, dtype=np.complex64), _skip=skip)
    else:
        yield ErrorSample(
            array(2, dtype=np.complex64), array(2, dtype=np.complex64), raises=RuntimeError
        )


def meetings(dtype: Any = np.float64, skip: tuple[str, ...] = ()) -> Iterator[Any]:
    """Every odd value with every other."""
    odd = np.array([*ODD, 0.5, -2.5], dtype)
    yield Sample(odd[:, None].copy(), odd, _skip=skip)


def mismatched(name: str, array: Any, second: str = "other") -> Iterator[Any]:
    """Shapes that don't broadcast, and an operand of no known kind."""
    yield ErrorSample(
        array(3), array(4), raises=RuntimeError, match=f"{name}: sizes 3 and 4 must match"
    )
    yield ErrorSample(
        array(3), "two", raises=TypeError, match=f"{name}: argument '{second}' must be a Tensor"
    )
