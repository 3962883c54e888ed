"""What scripts ask about devices is answered; what needs one that is not there is refused clearly."""

from __future__ import annotations

import pytest

import autotn as tn


def test_there_is_no_gpu() -> None:
    assert not tn.cuda.is_available()
    assert tn.cuda.device_count() == 0
    assert not tn.backends.mps.is_available()
    assert not tn.accelerator.is_available()
    assert tn.accelerator.current_accelerator() is None
    assert tn.version.cuda is None


def test_what_scripts_do_on_every_machine_does_nothing() -> None:
    tn.cuda.manual_seed(1)
    tn.cuda.manual_seed_all(1)
    tn.cuda.empty_cache()
    tn.cuda.synchronize()
    tn.set_default_device("cpu")
    assert tn.cuda.memory_allocated() == tn.cuda.max_memory_reserved() == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda: tn.zeros(2).cuda(),
        lambda: tn.zeros(2).to("cuda:0"),
        lambda: tn.zeros(2, device="cuda"),
        lambda: tn.nn.Linear(1, 1).to("mps"),
        lambda: tn.nn.Linear(1, 1).cuda(),
        lambda: tn.cuda.set_device(0),
        lambda: tn.cuda.current_device(),
        lambda: tn.cuda.get_device_name(0),
        lambda: tn.cuda.FloatTensor(2),
        lambda: tn.zeros(2).type(tn.cuda.FloatTensor),
        lambda: tn.zeros(2).type("torch.cuda.LongTensor"),
        lambda: tn.set_default_device("cuda"),
        lambda: tn.cuda.Event(enable_timing=True),
        lambda: tn.accelerator.current_device_index(),
    ],
)
def test_what_needs_a_gpu_says_that_there_is_none(ask) -> None:
    with pytest.raises(RuntimeError, match=r"CPU only.*is_available"):
        ask()


def test_flags_keep_what_they_are_set_to() -> None:
    cudnn = tn.backends.cudnn
    before = cudnn.benchmark
    with cudnn.flags(enabled=True, benchmark=True):
        assert cudnn.benchmark
    assert cudnn.benchmark == before
    with tn.backends.cuda.sdp_kernel(enable_flash=False):
        assert not tn.backends.cuda.flash_sdp_enabled()
    assert tn.backends.cuda.flash_sdp_enabled()
    tn.use_deterministic_algorithms(True, warn_only=True)
    assert tn.get_deterministic_debug_mode() == 1
    tn.use_deterministic_algorithms(False)
    with pytest.raises(ValueError, match="highest, high, medium"):
        tn.set_float32_matmul_precision("low")


def test_a_group_of_one_process() -> None:
    dist = tn.distributed
    with pytest.raises(ValueError, match="init_process_group"):
        dist.get_rank()
    with pytest.raises(RuntimeError, match="not one of 2"):
        dist.init_process_group("gloo", world_size=2, rank=0)
    dist.init_process_group("gloo", world_size=1, rank=0)
    try:
        x, y = tn.ones(2), tn.zeros(2)
        dist.all_reduce(x, op=dist.ReduceOp.SUM)
        dist.all_gather([y], x)
        dist.barrier()
        assert (dist.get_rank(), dist.get_world_size(), y.tolist()) == (0, 1, [1.0, 1.0])
        with pytest.raises(ValueError, match="no process 1"):
            dist.broadcast(x, src=1)
    finally:
        dist.destroy_process_group()
    assert not dist.is_initialized()


def test_modules_for_many_devices_call_the_module() -> None:
    model = tn.nn.Linear(2, 1)
    x = tn.ones(3, 2)
    for kind in (tn.nn.DataParallel, tn.nn.parallel.DistributedDataParallel):
        wrapped = kind(model)
        assert (wrapped(x) == model(x)).all()
        assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    with pytest.raises(RuntimeError, match="no GPUs"):
        tn.nn.parallel.DistributedDataParallel(model, device_ids=[0])


def test_jit_gives_the_function_back_and_says_so_once() -> None:
    tn.jit._say_once.cache_clear()
    with pytest.warns(UserWarning, match="compiles nothing"):
        assert tn.jit.script(tn.sin) is tn.sin
    model = tn.nn.Linear(2, 1)
    assert tn.jit.trace(model, tn.ones(1, 2)) is model
    with pytest.raises(NotImplementedError, match="state_dict"):
        tn.jit.save(model, "model.pt")


def test_compile_gives_the_function_back() -> None:
    model = tn.nn.Linear(2, 1)
    assert tn.compile(model, mode="reduce-overhead") is model

    @tn.compile(fullgraph=True)
    def double(x):
        return 2 * x

    assert double(2) == 4


def test_hub_loads_what_is_in_its_folder_and_downloads_nothing(tmp_path) -> None:
    url = "https://example.org/weights/model-1234.pth"
    with pytest.raises(NotImplementedError, match="nothing is downloaded"):
        tn.hub.load_state_dict_from_url(url, model_dir=str(tmp_path))
    tn.save({"a": tn.ones(1)}, tmp_path / "model-1234.pth")
    from autotn.utils import model_zoo

    assert model_zoo.load_url(url, model_dir=str(tmp_path))["a"].tolist() == [1.0]
