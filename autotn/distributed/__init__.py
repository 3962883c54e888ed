"""``distributed``: a group of one process, so that scripts made for many run with one.

`init_process_group` accepts a world of one. Everything gathered, reduced or broadcast in it is what
the process has itself.
"""

from __future__ import annotations

from autotn.distributed.collectives import (
    ReduceOp,
    all_gather,
    all_gather_object,
    all_reduce,
    all_to_all,
    barrier,
    broadcast,
    broadcast_object_list,
    gather,
    reduce,
    reduce_scatter,
    scatter,
)
from autotn.distributed.group import (
    Backend,
    ProcessGroup,
    destroy_process_group,
    get_backend,
    get_rank,
    get_world_size,
    group,
    init_process_group,
    is_available,
    is_gloo_available,
    is_initialized,
    is_mpi_available,
    is_nccl_available,
    is_torchelastic_launched,
    new_group,
)
