"""The house keeps its own rules: floors, doors, file sizes, names, and what comes with every op.

Imports are read from the syntax tree, not by running anything, so an import inside a function
counts like one at the top; only what stands under ``if TYPE_CHECKING:`` is free.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from autotn.core import stub
from autotn.core.op import COMPOSITES, REGISTRY
from tests.samples import all_samples

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "autotn"

#: Which floor each room of the package stands on. A room may use the floors below it and itself.
FLOORS = {
    "run": 9,
    "standin": 8,
    "autotn": 7,
    "accelerator": 6,
    "compile": 6,
    "compiler": 6,
    "cuda": 6,
    "diagnose": 6,
    "distributed": 6,
    "hub": 6,
    "jit": 6,
    "multiprocessing": 6,
    "onnx": 6,
    "profiler": 6,
    "random": 6,
    "utils": 6,
    "types": 6,
    "version": 6,
    "viz": 6,
    "amp": 5,
    "network": 5,
    "serialization": 5,
    "autograd": 4,
    "backends": 4,
    "distributions": 4,
    "fft": 4,
    "func": 4,
    "linalg": 4,
    "nn": 4,
    "optim": 4,
    "special": 4,
    "testing": 4,
    "weights": 4,
    "layers": 3,
    "transforms": 3,
    "ir": 2,
    "ops": 2,
    "core": 1,
    "kernels": 0,
    "absent": -1,  # the cellar: everybody may say what is not there,
    "errors": -1,  # even a kernel may raise errors,
    "paths": -2,  # and modules are found by their names
}

#: (from, to): the door to differentiation also shows gradcheck, PyTorch's profiler is made of ours.
SIDEWAYS = {("autograd", "testing"), ("profiler", "viz")}

#: Run as a command to write the stub from all declarations; nothing of the package imports it.
COMMANDS = {"autotn.core.stub"}

#: Files that only pass names on.
DOORS = [
    "__init__.py",
    "autograd/__init__.py",
    "backends/__init__.py",
    "fft.py",
    "func/__init__.py",
    "layers/__init__.py",
    "linalg.py",
    "nn/__init__.py",
    "nn/functional.py",
    "nn/grad.py",
    "nn/init.py",
    "special.py",
]

#: How a module passes names on late.
PASSING_ON = {"__getattr__", "__dir__"}

LINES_PER_FILE = 700

NAMES_THAT_SAY_NOTHING = {"base", "common", "helpers", "misc", "utils"}
#: PyTorch's own two, which users import by these names.
EXPECTED_FROM_PYTORCH = {"utils", "nn/utils"}

#: Loaded on first use, by the functions that need them.
LAZY = {
    *("graphviz", "h5py", "matplotlib", "onnx", "PIL", "safetensors", "scipy", "sklearn"),
    *("tensorboardX", "torch", "tqdm"),
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sources("autotn")}


def room(module: str) -> str:
    """``autotn.core.op`` is in ``core``; the package's own door is the room ``autotn``."""
    return module.split(".")[1] if "." in module else module


def is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def import_statements(
    node: ast.AST, late: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import statement, and whether it runs late, that is inside a function."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, late
        return
    if isinstance(node, ast.If) and is_type_checking(node):
        children: Iterable[ast.AST] = node.orelse
    else:
        children = ast.iter_child_nodes(node)
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in children:
        yield from import_statements(child, late)


def resolve(module: str, path: Path, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Every module of the package that one import statement reaches."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    else:
        origin = statement.module or ""
        if statement.level:
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            for _ in range(statement.level - 1):
                package = package.rpartition(".")[0]
            origin = f"{package}.{origin}".rstrip(".")
        members = [f"{origin}.{alias.name}" for alias in statement.names]
        names = [member if member in MODULES else origin for member in members]
    yield from (name for name in names if name.split(".")[0] == "autotn")


@cache
def imports(module: str) -> tuple[tuple[str, int, bool], ...]:
    """What a module imports from the package, on which line, and whether late."""
    path = MODULES[module]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(
        (target, statement.lineno, late)
        for statement, late in import_statements(tree)
        for target in resolve(module, path, statement)
    )


def test_the_reader_of_imports_sees_all_but_typing_ones() -> None:
    tree = ast.parse(
        "if TYPE_CHECKING:\n    import autotn.nn\nelse:\n    import autotn.errors\n"
        "def f():\n    try:\n        from .. import ops, missing\n    finally: pass\n"
    )
    path = PACKAGE / "core" / "op.py"
    found = [
        (target, late)
        for statement, late in import_statements(tree)
        for target in resolve("autotn.core.op", path, statement)
    ]
    assert found == [("autotn.errors", False), ("autotn.ops", True), ("autotn", True)]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module: str) -> None:
    assert room(module) in FLOORS, f"say in FLOORS on which floor {room(module)!r} stands"


def may_import(module: str, target: str) -> bool:
    here, there = "autotn" if module in COMMANDS else room(module), room(target)
    if target in COMMANDS:
        return False
    return here == there or (here, there) in SIDEWAYS or FLOORS[there] < FLOORS[here]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module: str) -> None:
    upward = [
        f"{MODULES[module].relative_to(ROOT)}:{line} imports {target}"
        for target, line, _ in imports(module)
        if not may_import(module, target)
    ]
    assert not upward, "\n".join(upward)


def test_imports_form_no_cycle() -> None:
    """Rooms cannot form one, as they only look down; inside a room, only a late import may."""
    graph = {
        module: {target for target, _, late in imports(module) if not late} - {module}
        for module in MODULES
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


@pytest.mark.parametrize("door", DOORS)
def test_doors_define_nothing(door: str) -> None:
    tree = ast.parse((PACKAGE / door).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, kinds)} - PASSING_ON
    assert not defined, f"{door} only passes names on; these belong into a room: {defined}"


@pytest.mark.parametrize(
    "path",
    sources("autotn", "tests", "benchmarks", "examples", "docs"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_file_is_longer_than_one_topic(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LINES_PER_FILE, f"{lines} lines: split it by topic"


def test_module_names_say_what_is_inside() -> None:
    vague = [
        where
        for path in sources("autotn")
        if (where := path.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__"))
        not in EXPECTED_FROM_PYTORCH
        and where.rpartition("/")[2] in NAMES_THAT_SAY_NOTHING
    ]
    assert not vague


def test_importing_the_package_loads_numpy_only() -> None:
    command = "import sys, autotn; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.check_output([sys.executable, "-c", command], cwd=ROOT, text=True).split()
    assert "numpy" in loaded
    assert not LAZY.intersection(loaded)


# An op a test declares for itself is in the registry too, and owes nothing.
FUNCTIONS = {name: made.function for name, made in REGISTRY.items()}
FUNCTIONS |= {name: made.function for name, made in COMPOSITES.items()}
OPS = {
    name: function
    for name, function in sorted(FUNCTIONS.items())
    if function.__module__.startswith("autotn.")
}
SAMPLED = {sample.op_name for sample in all_samples()}


@pytest.mark.parametrize("name", OPS)
def test_every_op_shows_an_example(name: str) -> None:
    assert ">>>" in (OPS[name].__doc__ or ""), f"the docstring of {name} has no example"


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_samples(name: str) -> None:
    assert name in SAMPLED, f"tests/samples/ has nothing for {name}, so no question is asked of it"


def test_the_stub_is_fresh() -> None:
    written = (PACKAGE / "core" / "methods.pyi").read_text(encoding="utf-8")
    assert written == stub.render(), "regenerate it: python -m autotn.core.stub"
