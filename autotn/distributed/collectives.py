"""What processes tell each other, in a group of one: each hears itself."""

from __future__ import annotations

import enum
from typing import Any

from autotn.core.modes import no_grad
from autotn.core.tensor import Tensor
from autotn.distributed.group import check_started


class ReduceOp(enum.Enum):
    """How values of several processes become one."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7


class _Done:
    """The handle of work that is done already."""

    def wait(self, timeout: Any = None) -> bool:
        return True

    def is_completed(self) -> bool:
        return True


def _done(async_op: bool) -> _Done | None:
    return _Done() if async_op else None


def _alone(name: str, rank: int | None) -> None:
    check_started()
    if rank not in (0, None):
        raise ValueError(f"{name}: there is no process {rank} in a group of one")


def all_reduce(
    tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> _Done | None:
    """Reduce over one process: `tensor` stays as it is."""
    check_started()
    return _done(async_op)


def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: ReduceOp = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
) -> _Done | None:
    """Reduce over one process: `tensor` stays as it is."""
    _alone("reduce", dst)
    return _done(async_op)


def broadcast(
    tensor: Tensor, src: int | None = None, group: Any = None, async_op: bool = False
) -> _Done | None:
    """Send to nobody: `tensor` stays as it is."""
    _alone("broadcast", src)
    return _done(async_op)


def broadcast_object_list(object_list: list[Any], src: int | None = None, **kwargs: Any) -> None:
    """Send to nobody: the list stays as it is."""
    _alone("broadcast_object_list", src)


@no_grad()
def _pass(name: str, outputs: list[Tensor], inputs: list[Tensor]) -> None:
    if len(outputs) != 1 or len(inputs) != 1:
        raise ValueError(f"{name}: expected a list of one tensor, for the one process")
    outputs[0].copy_(inputs[0])


def all_gather(
    tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False
) -> _Done | None:
    """Copy `tensor` into the one place of `tensor_list`."""
    check_started()
    _pass("all_gather", tensor_list, [tensor])
    return _done(async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Put `obj` into the one place of `object_list`."""
    check_started()
    object_list[0] = obj


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int | None = None,
    group: Any = None,
    async_op: bool = False,
) -> _Done | None:
    """Copy `tensor` into the one place of `gather_list`."""
    _alone("gather", dst)
    _pass("gather", gather_list or [], [tensor])
    return _done(async_op)


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
) -> _Done | None:
    """Copy the one element of `scatter_list` into `tensor`."""
    _alone("scatter", src)
    _pass("scatter", [tensor], scatter_list or [])
    return _done(async_op)


def reduce_scatter(
    output: Tensor,
    input_list: list[Tensor],
    op: ReduceOp = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
) -> _Done | None:
    """Copy the one element of `input_list` into `output`."""
    check_started()
    _pass("reduce_scatter", [output], input_list)
    return _done(async_op)


def all_to_all(
    output_tensor_list: list[Tensor],
    input_tensor_list: list[Tensor],
    group: Any = None,
    async_op: bool = False,
) -> _Done | None:
    """Copy the one element of one list into the other."""
    check_started()
    _pass("all_to_all", output_tensor_list, input_tensor_list)
    return _done(async_op)


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> _Done | None:
    """Wait for nobody."""
    check_started()
    return _done(async_op)
