"""No file runs code, touches other files, takes much memory or ends in another error than ours."""

from __future__ import annotations

import io
import random
import tracemalloc
from typing import Any

import numpy as np
import pytest

from autotn.errors import FileFormatError
from autotn.serialization import load
from autotn.weights.pickle_machine import DEEPEST
from tests.weights import fuzz


@pytest.fixture(scope="module")
def fuzzer() -> fuzz.Fuzzer:
    return fuzz.Fuzzer()


@pytest.mark.parametrize("start", range(0, 800, 100))
def test_damaged_files_are_refused_or_read_right(fuzzer: fuzz.Fuzzer, start: int) -> None:
    ends = [fuzzer.run(number) for number in range(start, start + 100)]
    assert ends.count("refused") > 60


@pytest.mark.parametrize("name", sorted(fuzz.seeds()))
def test_every_cut_is_noticed(fuzzer: fuzz.Fuzzer, name: str) -> None:
    data = fuzzer.files[name]
    for size in range(0, len(data), 7):
        with pytest.raises(FileFormatError):
            load(io.BytesIO(data[:size]))


def test_every_flipped_bit_of_a_pytorch_file_is_noticed_or_without_effect(
    fuzzer: fuzz.Fuzzer,
) -> None:
    data = fuzzer.files["zip"]
    expected = fuzzer.expected["zip"]
    for at in range(0, len(data), 3):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        try:
            found = load(io.BytesIO(bytes(changed)))
        except FileFormatError:
            continue
        assert fuzz._same(found, expected), at


@pytest.mark.parametrize(("module", "name", "arguments"), fuzz.FORBIDDEN)
@pytest.mark.parametrize("protocol", [2, 4])
def test_forbidden_names_are_refused_by_name(
    fuzzer: fuzz.Fuzzer, module: str, name: str, arguments: Any, protocol: int
) -> None:
    evil = fuzz.call(module, name, arguments, protocol)
    file = fuzz.with_pickle(fuzzer.files["zip"], b"\x80" + bytes([protocol]) + evil + b".")
    with fuzz.nothing_else_happens(), pytest.raises(FileFormatError) as caught:
        load(io.BytesIO(file))
    assert f"{module}.{name}" in str(caught.value)
    assert "Nothing was run" in str(caught.value)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"N", "no end"),
        (b".", "nothing on the stack"),
        (b"NN.", "left over"),
        (b"K", "announced"),
        (b"X\xff\xff\xff\x7fabc.", "announced"),
        (b"\x8d" + b"\xff" * 8 + b".", "announced"),
        (b"\x8b\xff\xff\xff\xff.", "negative"),
        (b"X\x01\x00\x00\x00\xff.", "UTF-8"),
        (b"h\x05.", "memo entry 5"),
        (b"t.", "no mark"),
        (b"NNR.", "not a tuple"),
        (b"N)R.", "NoneType is called"),
        (b"NN}b.", "state is given"),
        (b"NNa.", "appended to a NoneType"),
        (b"NNNs.", "put into a NoneType"),
        (b"}(Nu.", "no value"),
        (b"}]Ns.", "list is used as a dictionary key"),
        (b"\x8f(]\x90.", "list is used as a dictionary key"),
        (b"]q\x00h\x00a.", "contains itself"),
        (b"}q\x00Nh\x00s.", "contains itself"),
        (b"]" * (DEEPEST + 1) + b"a" * DEEPEST + b".", "nested more than"),
        (b")" + b"q\x00h\x00\x86" * 60 + b".", "unfold"),
        (b")" + b"q\x00h\x00\x86" * 60 + b"q\x00}h\x00Ns.", "dictionary key"),
        (b"ctorch\nTensor\n.", "stored as a value"),
        (b"ctorch\nTensor\n)R.", "Word is called"),
        (b"(ios\nsystem\n.", "INST is not allowed"),
        (b"\x82\x01.", "EXT1 is not allowed"),
        (b"S'x'\n.", "STRING is not allowed"),
        (b"\xff.", "number 255 is not allowed"),
        (b"\x80\x09N.", "protocol 9"),
        (b"\x95" + b"\xff" * 8 + b"N.", "frame"),
        (b"c" + b"x" * 600 + b"\n.", "longer than 512"),
        (b"NQ.", "persistent id"),
        (b"ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aNsb.", "attributes other than"),
        (b"ccollections\nOrderedDict\n]Na\x85R.", "list of pairs"),
        (b"ccollections\ndefaultdict\nctorch\nTensor\n\x85R.", "default is no list"),
        (b"c__builtin__\nset\n]]a\x85R.", "no plain value"),
        (b"ctorch\nSize\nJ\xff\xff\xff\xff\x85\x85R.", "natural numbers"),
        (b"ctorch\ndevice\nX\x04\x00\x00\x00disk\x85R.", "device"),
        (b"cnumpy\ndtype\nX\x01\x00\x00\x00O\x89\x88\x87R.", "NumPy dtype 'O'"),
    ],
)
def test_each_trick_has_its_own_message(fuzzer: fuzz.Fuzzer, program: bytes, message: str) -> None:
    file = fuzz.with_pickle(fuzzer.files["zip"], b"\x80\x02" + program)
    with pytest.raises(FileFormatError, match=message):
        load(io.BytesIO(file))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"K\x03K\x04\x86", b"J\xff\xff\xff\x7fK\x04\x86", "needs"),
        (b"K\x03K\x04\x86", b"\x8a\x08" + b"\xff" * 7 + b"\x7fK\x04\x86", "too many elements"),
        (b"K\x03K\x04\x86", b"J\xff\xff\xff\xffK\x04\x86", "dimension -1"),
        (b"K\x03K\x04\x86", b"NK\x04\x86", "dimension None"),
        (b"K\x04K\x01\x86", b"K\x05K\x01\x86", "needs"),
        (b"K\x04K\x01\x86", b"K\x01\x85", "strides"),
        (b"K\x0ct", b"K\x0bt", "should have 44 bytes"),
        (b"K\x0ct", b"J\x00\x00\x00\x7ft", "should have"),
        (b"FloatStorage", b"ShortStorage", "should have"),
    ],
)
def test_tensors_stay_inside_their_storage(
    fuzzer: fuzz.Fuzzer, old: bytes, new: bytes, message: str
) -> None:
    def change(name: str, content: bytes) -> tuple[str, bytes]:
        return name, content.replace(old, new, 1) if name.endswith(".pkl") else content

    data = fuzz.rewritten(fuzzer.files["zip"], change)
    assert data != fuzzer.files["zip"]
    with pytest.raises(FileFormatError, match=message):
        load(io.BytesIO(data))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../b", "C:\\x", "C:x", "a\\b", "a\0b", "x/../"]
)
def test_names_that_lead_out_of_the_archive_are_refused(fuzzer: fuzz.Fuzzer, name: str) -> None:
    file = fuzz.rewritten(
        fuzzer.files["zip"],
        lambda old, content: (old if old.endswith("pkl") else name + old, content),
    )
    with pytest.raises(FileFormatError, match="lead out of the archive"):
        load(io.BytesIO(file))


@pytest.mark.parametrize("size", [10**8, 4 * 10**9])
def test_zip_bombs_are_refused(size: int) -> None:
    with pytest.raises(FileFormatError, match="zip bomb"):
        load(io.BytesIO(fuzz.packed_zeros(size)))


def test_records_cannot_share_their_bytes() -> None:
    with pytest.raises(FileFormatError, match="contradicts"):
        load(io.BytesIO(fuzz.overlapping(50)))


def test_much_packed_data_may_unfold_within_bounds() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros(1_000_000))
    file.seek(0)
    assert load(file)["x"].shape == (1_000_000,)


@pytest.mark.parametrize("number", range(8))
def test_memory_stays_in_proportion_to_the_file(fuzzer: fuzz.Fuzzer, number: int) -> None:
    cases = [fuzz._bomb(fuzzer.files["zip"], random.Random(k)) for k in range(40)]
    tracemalloc.start()
    try:
        for file in cases[number::8]:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            with pytest.raises(FileFormatError):
                load(io.BytesIO(file))
            peak = tracemalloc.get_traced_memory()[1] - before
            assert peak < 2_000_000 + 100 * len(file)
    finally:
        tracemalloc.stop()
