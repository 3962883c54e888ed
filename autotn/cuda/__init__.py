"""``cuda``: there is no GPU, and every question a script asks about one is answered so.

Questions are answered (``is_available()`` is False), seeds and cleaning up do nothing, and what needs
a GPU raises an error that says what to do instead.
"""

from __future__ import annotations

from typing import Any

from autotn.core.legacy import NAMES as _NAMES, typed_tensor as _typed_tensor
from autotn.cuda import amp, nvtx
from autotn.cuda.memory import (
    empty_cache,
    ipc_collect,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_snapshot,
    memory_stats,
    memory_summary,
    reset_max_memory_allocated,
    reset_max_memory_cached,
    reset_peak_memory_stats,
    set_per_process_memory_fraction,
)
from autotn.cuda.questions import (
    Event,
    OutOfMemoryError,
    Stream,
    StreamContext,
    can_device_access_peer,
    current_device,
    current_stream,
    default_stream,
    device,
    device_count,
    device_of,
    get_arch_list,
    get_device_capability,
    get_device_name,
    get_device_properties,
    init,
    is_available,
    is_bf16_supported,
    is_initialized,
    set_device,
    set_stream,
    stream,
    synchronize,
    utilization,
)
from autotn.cuda.seeds import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)

has_half = False


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return _typed_tensor(name, cuda=True)
    from autotn.absent import attribute_of

    return attribute_of(__name__, name)
