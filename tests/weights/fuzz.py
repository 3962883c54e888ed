"""Damaged and hostile weight files: each must end in one clear error, or load what was saved.

``python -m tests.weights.fuzz --n 100000`` runs many; `test_hostile_files.py` runs a few hundred.
A case is made from a seed alone, so ``--only 12345`` repeats one.
"""

from __future__ import annotations

import argparse
import io
import pickle
import random
import struct
import sys
import warnings
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autotn import Tensor
from autotn.errors import FileFormatError
from autotn.layers.parameter import Parameter
from autotn.serialization import load, save
from autotn.weights import pytorch_write, tensors
from autotn.weights.archive import Archive, ArchiveWriter
from autotn.weights.pickle_machine import DEEPEST
from autotn.weights.source import Source

FORBIDDEN = [
    ("os", "system", ("echo no",)), ("posix", "system", ("echo no",)), ("nt", "system", ("no",)),
    ("builtins", "eval", ("1",)), ("builtins", "exec", ("1",)), ("builtins", "open", ("/no", "w")),
    ("builtins", "getattr", (1, "real")), ("builtins", "__import__", ("os",)),
    ("subprocess", "Popen", (["no"],)), ("shutil", "rmtree", ("/no",)), ("os", "remove", ("/no",)),
    ("importlib", "import_module", ("os",)), ("torch", "load", ("/no",)), ("torch.hub", "load", ()),
    ("torch.storage", "_load_from_bytes", (b"\x80\x02.",)), ("numpy", "load", ("/no",)),
    ("torch._utils", "_rebuild_sparse_tensor", ()), ("pickle", "loads", (b"\x80\x02.",)),
    ("autotn.serialization", "load", ("/no",)), ("collections", "OrderedDict.fromkeys", ([1],)),
    ("__main__", "Net", ()), ("operator", "attrgetter", ("x",)), ("functools", "partial", (1,)),
    ("ctypes", "CDLL", ("libc.so.6",)), ("socket", "create_connection", (("0.0.0.0", 1),)),
]  # fmt: skip
INTERESTING = [0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, -1]


def sample() -> dict[str, Any]:
    """What the files hold: a small model's state, with views, shared memory and other values."""
    weight = tensors.wrap(np.arange(12, dtype=np.float32).reshape(3, 4) / 7)
    state = OrderedDict(
        weight=weight,
        transposed=tensors.wrap(weight._data.T),
        bias=tensors.wrap(np.linspace(-1, 1, 3)),
        steps=tensors.wrap(np.array(5, np.int64)),
        mask=tensors.wrap(np.array([True, False, True])),
        small=tensors.wrap(np.arange(5, dtype=np.int8)),
        complex=tensors.wrap(np.arange(3, dtype=np.complex64)),
    )
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    parameter = Parameter(tensors.wrap(np.ones(4, np.float32)))
    return {
        "model": state, "parameter": parameter, "epoch": 3, "lr": 0.1, "big": 10**30,
        "name": "größe", "groups": [{"params": [0, 1], "betas": (0.9, 0.999), "flag": None}],
        "size": weight.shape, "dtype": weight.dtype, "raw": b"\x00\xff", "array": np.arange(4.0),
    }  # fmt: skip


def _zip() -> bytes:
    file = io.BytesIO()
    save(sample(), file)
    return file.getvalue()


def _legacy() -> bytes:
    """PyTorch's old layout, written here because nothing writes it any more."""
    state = {"weight": sample()["model"]["weight"], "steps": sample()["model"]["steps"]}
    data, storages = pytorch_write._pickle(state, tensors.describe, 2)
    for stored in storages:  # the old persistent ids have a sixth part
        count = stored.count
        old = b"K" + bytes([count]) + b"t"
        data = data.replace(old, b"K" + bytes([count]) + b"Nt")
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    parts = [pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, system)]
    parts += [data, pickle.dumps([stored.key for stored in storages], 2)]
    for stored in storages:
        parts += [struct.pack("<q", stored.count), stored.memory.tobytes()]
    return b"".join(parts)


def _flat() -> dict[str, Tensor]:
    return {k: v for k, v in sample()["model"].items() if v._data.dtype != np.complex64}


def _npz(write: Callable[..., None]) -> bytes:
    file = io.BytesIO()
    write(file, **{name: value._data for name, value in _flat().items()})
    return file.getvalue()


def _safetensors() -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.safetensors")
        save(_flat(), path, metadata={"format": "pt"})
        return path.read_bytes()


def seeds() -> dict[str, bytes]:
    """A sound file of every format that can be had here."""
    files = {
        "zip": _zip(),
        "legacy": _legacy(),
        "npz": _npz(np.savez),
        "npz-packed": _npz(np.savez_compressed),
    }
    try:
        import safetensors
    except ImportError:
        return files
    del safetensors
    return {**files, "safetensors": _safetensors()}


# Damage: bytes in, bytes out


def _flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _number(data: bytearray, rng: random.Random) -> None:
    width = rng.choice([2, 4, 8])
    if len(data) >= width:
        at = rng.randrange(len(data) - width + 1)
        value = rng.choice(INTERESTING) % (1 << (8 * width))
        data[at : at + width] = value.to_bytes(width, "little")


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _insert(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice([1, 2, 16, 200]))


def _delete(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 2, 8, 64])]


def _repeat(data: bytearray, rng: random.Random) -> None:
    at, size = rng.randrange(len(data)), rng.choice([1, 8, 64])
    to = rng.randrange(len(data))
    data[to:to] = data[at : at + size]


def _overwrite(data: bytearray, rng: random.Random) -> None:
    at, to, size = rng.randrange(len(data)), rng.randrange(len(data)), rng.choice([1, 8, 64])
    data[to : to + size] = data[at : at + size]


DAMAGE = [_flip, _flip, _set, _number, _truncate, _insert, _delete, _repeat, _overwrite]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """`data` with one or a few of the damages above."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if changed:
            rng.choice(DAMAGE)(changed, rng)
    return bytes(changed)


# Hostility: files with sound checksums and bad content


def rewritten(data: bytes, change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    """A zip file with its records changed and its checksums right."""
    archive = Archive(Source(io.BytesIO(data), "seed"))
    file = io.BytesIO()
    writer = ArchiveWriter(file)
    for name in archive.records:
        new_name, content = change(name, archive.read(name, compressed=True).tobytes())
        writer.add(new_name, content)
    writer.close()
    return file.getvalue()


def with_pickle(data: bytes, content: bytes) -> bytes:
    """A PyTorch file with another pickle."""
    return rewritten(data, lambda name, old: (name, content if name.endswith(".pkl") else old))


def _changed_record(data: bytes, rng: random.Random) -> bytes:
    """One record damaged behind a right checksum; the pickle most often."""
    names = list(Archive(Source(io.BytesIO(data), "seed")).records)
    chosen = names[0] if rng.random() < 0.7 else rng.choice(names)
    return rewritten(
        data, lambda name, old: (name, damaged(old, rng) if name == chosen and old else old)
    )


def _changed_name(data: bytes, rng: random.Random) -> bytes:
    names = list(Archive(Source(io.BytesIO(data), "seed")).records)
    chosen = rng.choice(names)
    evil = rng.choice(["/etc/passwd", "../../x", "a/../../x", "C:\\x", "x\0y", "archive/0x", ""])
    return rewritten(data, lambda name, old: (evil if name == chosen else name, old))


def call(module: str, name: str, arguments: tuple[Any, ...], protocol: int) -> bytes:
    """The pickle instructions that call `module.name` with `arguments`."""
    packed = pickle.dumps(arguments, protocol)
    packed = packed[2:-1] if protocol < 4 else packed[11:-1]
    if protocol < 4:
        return b"c" + f"{module}\n{name}\n".encode() + packed + b"R"
    text = b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name))
    return text + b"\x93" + packed + b"R"


def _forbidden(data: bytes, rng: random.Random) -> bytes:
    """A call of something forbidden, put into a sound pickle where a value may stand."""
    protocol = rng.choice([2, 4])
    evil = call(*rng.choice(FORBIDDEN), protocol)
    header = b"\x80" + bytes([protocol])
    shape = rng.randrange(4)
    if shape == 0:
        return with_pickle(data, header + evil + b".")
    if shape == 1:
        return with_pickle(data, header + b"}X\1\0\0\0a" + evil + b"s.")
    if shape == 2:
        return with_pickle(data, header + evil + b"0N.")
    return with_pickle(data, header + b"ccollections\nOrderedDict\n)R" + evil + b"b.")


def _random_program(data: bytes, rng: random.Random) -> bytes:
    """Instructions in random order, a stack machine's nightmare."""
    known = list(b".(0120NIJKMLFGPQSTUVXBChj)]}tleasudbRcio\x80\x81\x82\x85\x86\x87\x88\x89")
    known += list(b"\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98")
    program = bytearray(b"\x80\x02")
    for _ in range(rng.randrange(1, 60)):
        program.append(rng.choice(known))
        program += rng.randbytes(rng.choice([0, 0, 0, 1, 4]))
    return with_pickle(data, bytes(program) + b".")


def _bomb(data: bytes, rng: random.Random) -> bytes:
    """Much from little: lengths that lie, containers shared, deep or cyclic, packed zeros."""
    kind = rng.randrange(8)
    head = b"\x80\x02"
    if kind == 0:  # announced lengths
        opcode, width = rng.choice([(b"X", 4), (b"B", 4), (b"\x8b", 4), (b"\x8d", 8), (b"\x96", 8)])
        length = rng.choice([2**31 - 1, 2**30, 10**6]) if width == 4 else rng.choice([2**62, 2**63])
        return with_pickle(data, head + opcode + length.to_bytes(width, "little") + b"abc.")
    if kind == 1:  # each list holds the one before twice
        return with_pickle(data, head + b")" + b"q\0h\0\x86" * rng.randrange(25, 300) + b".")
    if kind == 2:
        depth = rng.randrange(DEEPEST + 1, 5000)
        return with_pickle(data, head + b"]" * depth + b"a" * (depth - 1) + b".")
    if kind == 3:
        return with_pickle(data, head + rng.choice([b"]q\0h\0a.", b"}q\0X\1\0\0\0ah\0s."]))
    if kind == 4:  # a tensor that is larger than its storage
        size = rng.choice([2**40, 2**62, 10**9])
        return rewritten(data, lambda n, old: (n, _huge(old, size) if n.endswith(".pkl") else old))
    if kind == 5:
        return packed_zeros(rng.choice([10**8, 3 * 10**8]))
    if kind == 6:  # the same data under many names
        return overlapping(rng.randrange(20, 400))
    # a key whose hash would take forever
    return with_pickle(data, head + b")" + b"q\0h\0\x86" * 60 + b"q\0}h\0Ns.")


def _huge(old: bytes, size: int) -> bytes:
    """The pickle with the first (3, 4) replaced by a shape of `size` elements."""
    number = pickle.dumps(size, 2)[2:-1]
    return old.replace(b"K\x03K\x04\x86", number + b"K\x04\x86", 1)


def packed_zeros(size: int) -> bytes:
    """A compressed archive that says it holds `size` zeros, in a few bytes each thousand."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = machine.compress(bytes(1 << 16)) + machine.flush()
    name = b"x.npy"
    sizes = (0, len(body), size)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, *sizes, len(name), 0)
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, *sizes, len(name), *[0] * 6)
    entry += name
    start = len(local) + len(name) + len(body)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), start, 0)
    return local + name + body + entry + end


def overlapping(count: int) -> bytes:
    """Many directory entries that all mean the same record."""
    body, name = bytes(5000), b"a.npy"
    sizes = (zlib.crc32(body), len(body), len(body))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, *sizes, len(name), 0) + name + body
    entries = b""
    for i in range(count):
        own = b"%05d" % i if i else name
        fields = (b"PK\1\2", 20, 20, 0, 0, 0, 0, *sizes, 5, *[0] * 6)
        entries += struct.pack("<4s6H3I5H2I", *fields) + own
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(entries), len(local), 0)
    return local + entries + end


def _changed_header(data: bytes, rng: random.Random) -> bytes:
    """A safetensors header with a lie in it."""
    size = int.from_bytes(data[:8], "little")
    header = bytearray(data[8 : 8 + size])
    if rng.random() < 0.3:
        return rng.choice(INTERESTING[9:13]).to_bytes(8, "little") + data[8:]
    lies = [
        (b"[3,4]", b"[4,3]"), (b"[3]", b"[9]"), (b"F32", b"F64"), (b"F32", b"X32"), (b"{", b"["),
        (b"0,", b"-1,"), (b"48", b"99999999999999999999"), (b"weight", b"bias"),
    ]  # fmt: skip
    old, new = rng.choice(lies)
    header = header.replace(old, new, 1)
    return len(header).to_bytes(8, "little") + bytes(header) + data[8 + size :]


HOSTILE: dict[str, list[Callable[[bytes, random.Random], bytes]]] = {
    "zip": [_changed_record, _changed_record, _changed_name, _forbidden, _random_program, _bomb],
    "npz": [_changed_record, _changed_name],
    "npz-packed": [_changed_record],
    "safetensors": [_changed_header],
    "legacy": [],
}


# Judging


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return a.requires_grad == b.requires_grad and _same(a._data, b._data)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


_watched = {"on": False}
_ALLOWED_EVENTS = ("object.__getattr__", "object.__setattr__", "builtins.id", "sys._getframe")


def _audit(event: str, arguments: Any) -> None:
    """Python reports here what a file might want to do: import, open, compile, run."""
    if _watched["on"] and event not in _ALLOWED_EVENTS:
        _watched["on"] = False
        raise AssertionError(f"reading a file caused {event} {arguments!r:.200}")


_installed: list[bool] = []


@contextmanager
def nothing_else_happens() -> Iterator[None]:
    """Fail if the block imports, opens, compiles or runs anything."""
    if not _installed:  # a hook stays for the life of the process
        sys.addaudithook(_audit)
        _installed.append(True)
    _watched["on"] = True
    try:
        yield
    finally:
        _watched["on"] = False


class Fuzzer:
    """Makes case number `i`, reads it, and says how that ended."""

    def __init__(self) -> None:
        self.files = seeds()
        self.expected = {name: load(io.BytesIO(data)) for name, data in self.files.items()}
        self.names = sorted(self.files, key=lambda name: (name != "zip", name))

    def make(self, number: int) -> tuple[str, str, bytes]:
        """The format, the kind of damage, and the file."""
        rng = random.Random(number)
        name = "zip" if rng.random() < 0.5 else rng.choice(self.names)
        hostile = HOSTILE[name]
        if hostile and rng.random() < 0.6:
            change = rng.choice(hostile)
            return name, change.__name__.strip("_"), change(self.files[name], rng)
        return name, "damaged", damaged(self.files[name], rng)

    def run(self, number: int) -> str:
        """``refused``, ``same`` or ``other``; raises AssertionError where a promise is broken."""
        name, kind, data = self.make(number)
        with warnings.catch_warnings(), nothing_else_happens():
            warnings.simplefilter("ignore")
            try:
                value = load(io.BytesIO(data))
            except FileFormatError as error:
                if len(str(error)) > 1000:
                    raise AssertionError(f"case {number}: a message of endless length") from error
                return "refused"
            except Exception as error:
                raise AssertionError(f"case {number} ({name}, {kind}): {error!r}") from error
        if kind in ("forbidden", "bomb"):
            raise AssertionError(f"case {number} ({name}, {kind}) was read")
        if _same(value, self.expected[name]):
            return "same"
        checked = name in ("zip", "npz", "npz-packed") and kind == "damaged"
        assert not checked, f"case {number} ({name}, {kind}): silently read as something else"
        return "other"


def main() -> None:
    """Run many cases; memory is limited so that a bomb would be noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="number of cases")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="one case, with its traceback")
    parser.add_argument("--memory", type=int, default=256, help="MiB that reading may take")
    options = parser.parse_args()
    fuzzer = Fuzzer()
    if options.only is not None:
        sys.stdout.write(f"{fuzzer.make(options.only)[:2]}: {fuzzer.run(options.only)}\n")
        return
    _limit_memory(options.memory)
    ends: Counter[tuple[str, str]] = Counter()
    for number in range(options.first, options.first + options.n):
        ends[fuzzer.make(number)[1], fuzzer.run(number)] += 1
    for (kind, end), count in sorted(ends.items()):
        sys.stdout.write(f"{kind:16} {end:8} {count}\n")


def _limit_memory(mebibytes: int) -> None:
    """Where the system can, allow that much memory beyond what is in use now."""
    if sys.platform != "linux":
        return
    import resource
    from pathlib import Path

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + (mebibytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
