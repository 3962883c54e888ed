"""Scripts written for PyTorch run unchanged: autotn stands in under the name ``torch``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autotn as tn

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "autotn.run", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)


def test_a_script_sees_what_it_sees_under_python(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "neighbour.py").write_text("VALUE = 7\n")
    script = tmp_path / "scripts" / "main.py"
    script.write_text(
        "import pickle, sys\n"
        "import torch, torch.nn as nn, torch.nn.functional as F\n"
        "from torch.nn.modules.batchnorm import _BatchNorm\n"
        "from torch.distributions.bernoulli import Bernoulli\n"
        "from neighbour import VALUE\n"
        "class Net(nn.Module):\n"
        "    pass\n"
        "assert type(pickle.loads(pickle.dumps(Net()))) is Net\n"
        "assert sys.modules['__main__'].Net is Net\n"
        "assert isinstance(nn.BatchNorm2d(1), _BatchNorm)\n"
        "assert nn is torch.nn and F is nn.functional\n"
        "print(__name__, sys.argv[1:], VALUE)\n"
        "print(torch.__version__.split('+')[1], torch.float32, torch.zeros(2).shape, torch.zeros(1).type())\n"
    )
    done = run(tmp_path, "scripts/main.py", "--lr", "0.1")
    assert not done.stderr
    assert done.stdout.splitlines() == [
        "__main__ ['--lr', '0.1'] 7",
        f"autotn.{tn.__version__} torch.float32 torch.Size([2]) torch.FloatTensor",
    ]


def test_a_module_runs_too(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.py").write_text("import torch\nX = torch.ones(2).sum().item()\n")
    (package / "train.py").write_text("import sys\nfrom .other import X\nprint(X, sys.argv[1:])\n")
    assert run(tmp_path, "-m", "package.train", "a").stdout == "2.0 ['a']\n"


def test_a_traceback_begins_in_the_script(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import torch\n\ndef f():\n    raise KeyError('x')\n\nf()\n")
    done = run(tmp_path, "bad.py")
    assert done.returncode == 1
    assert [line.split(",")[1] for line in done.stderr.splitlines() if "File" in line] == [
        " line 6",
        " line 4",
    ]
    assert done.stderr.splitlines()[-1] == "KeyError: 'x'"


def test_exit_codes_are_the_scripts(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    assert run(tmp_path, "leaves.py").returncode == 3
    assert run(tmp_path, "nothing.py").returncode == 1
    assert run(tmp_path).returncode == 2


def test_spawned_processes_find_torch_and_the_scripts_functions(tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text(
        "import torch\n"
        "import torch.multiprocessing as mp\n"
        "def work(rank, queue):\n"
        "    queue.put((rank, torch.full((2,), rank).sum().item()))\n"
        "if __name__ == '__main__':\n"
        "    queue = mp.get_context('spawn').SimpleQueue()\n"
        "    mp.spawn(work, args=(queue,), nprocs=2)\n"
        "    print(sorted(queue.get() for _ in range(2)))\n"
    )
    done = run(tmp_path, "many.py")
    assert done.stdout == "[(0, 0), (1, 2)]\n", done.stderr


def test_as_torch_serves_the_process() -> None:
    said = python(
        "import autotn\n"
        "torch = autotn.as_torch()\n"
        "assert autotn.as_torch() is torch\n"
        "import torch as again, torch.optim.lr_scheduler as schedules\n"
        "from torch import *\n"
        "assert again is torch and schedules is autotn.optim.lr_scheduler\n"
        "assert Tensor is autotn.Tensor and zeros is autotn.zeros\n"
        "print(autotn.nn.__spec__.name, torch.nn.__name__)\n"
    )
    assert said == "autotn.nn autotn.nn\n"


def test_pytorch_itself_is_not_displaced() -> None:
    said = python(
        "import sys, types\n"
        "sys.modules['torch'] = types.ModuleType('torch')\n"
        "import autotn\n"
        "try: autotn.as_torch()\n"
        "except RuntimeError as error: print(error)\n"
    )
    assert "imported already" in said


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("import autotn; autotn.nn.Lineer", AttributeError, "nn.Linear"),
        ("from autotn.nn import Lineer", ImportError, "nn.Linear"),
        ("from autotn import sofmax", ImportError, "softmax"),
        ("import autotn; autotn.sparse_coo_tensor", AttributeError, "no sparse tensors"),
        ("import autotn; autotn.nn.functional.rellu", AttributeError, "nn.functional.relu"),
        ("import autotn; autotn.optim.Adaam", AttributeError, "optim.Adam"),
        ("import autotn; autotn.Tensor.to_sparse", AttributeError, "no sparse tensors"),
        ("import autotn; autotn.zeros(1).share_memory_()", AttributeError, "Module.share_memory()"),
    ],
)
def test_an_absent_name_is_explained(statement: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        exec(statement)
    assert "docs/differences/names.md" in str(caught.value)


def test_an_absent_module_is_explained() -> None:
    said = python(
        "import autotn\nautotn.as_torch()\n"
        "try: import torch.fx\n"
        "except ModuleNotFoundError as error: print(error)\n"
    )
    assert "tn.ir captures a graph" in said


def test_asking_whether_a_name_is_there_is_answered() -> None:
    assert not hasattr(tn, "sparse_coo_tensor")
    assert not hasattr(tn.Tensor, "to_sparse")
    assert getattr(tn.zeros(1), "to_sparse", None) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("nn.modules.conv", "_ConvNd"),
        ("nn.modules.loss", "_WeightedLoss"),
        ("nn.modules.utils", "_pair"),
        ("nn.modules.rnn", "LSTM"),
        ("optim.adamw", "AdamW"),
        ("optim.optimizer", "Optimizer"),
        ("distributions.multivariate_normal", "MultivariateNormal"),
        ("utils.data.dataloader", "DataLoader"),
        ("utils.data._utils.collate", "default_collate"),
        ("autograd.function", "Function"),
        ("autograd.variable", "Variable"),
        ("nn.parallel.distributed", "DistributedDataParallel"),
        ("cuda.amp.grad_scaler", "GradScaler"),
    ],
)
def test_pytorchs_module_paths_lead_to_the_things(path: str, name: str) -> None:
    import importlib

    module = importlib.import_module(f"autotn.{path}")
    assert hasattr(module, name)
    assert importlib.import_module(f"autotn.{path}") is module


def test_no_module_is_loaded_twice() -> None:
    from autotn.utils.data import collate
    from autotn.utils.data._utils import collate as second

    assert second is collate
