"""The name things print under: ``tn.float32``, or ``torch.float32`` where autotn stands in for PyTorch."""

from __future__ import annotations


class _Shown:
    """One mutable word, so that everybody sees a change of it."""

    name = "tn"


SHOWN = _Shown()


class Word:
    """A named constant that does nothing but print, such as ``tn.strided``."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return f"{SHOWN.name}.{self.word}"

    def __reduce__(self) -> str:
        return self.word


class layout(Word):
    """How elements lie in memory; every tensor here is ``tn.strided``."""

    __slots__ = ()


class memory_format(Word):
    """In which order dimensions lie in memory; accepted, and left to NumPy's strides."""

    __slots__ = ()


strided, sparse_coo, sparse_csr = layout("strided"), layout("sparse_coo"), layout("sparse_csr")
sparse_csc, sparse_bsr, sparse_bsc = (
    layout("sparse_csc"),
    layout("sparse_bsr"),
    layout("sparse_bsc"),
)
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
