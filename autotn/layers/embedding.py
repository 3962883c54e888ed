"""Tables of vectors, read by number."""

from __future__ import annotations

from typing import Any, TypeVar

from autotn.core.modes import no_grad
from autotn.layers import init
from autotn.layers.module import Module
from autotn.layers.parameter import Parameter
from autotn.ops import embedding, embedding_bag, empty

__all__ = ["Embedding", "EmbeddingBag"]

Self = TypeVar("Self", bound="_Table")


class _Table(Module):
    """A matrix with a row for each number; the row `padding_idx` starts at zero and stays."""

    weight: Parameter
    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None

    def _set_up(
        self,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
    ) -> None:
        rows = self.num_embeddings
        if padding_idx is not None:
            if not -rows <= padding_idx < rows:
                raise AssertionError(
                    f"{type(self).__name__}: Padding_idx must be within num_embeddings ({rows}), "
                    f"got {padding_idx}"
                )
            padding_idx %= rows
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse

    def _make_weight(self, given: Any, freeze: bool, device: Any, dtype: Any) -> None:
        shape = (self.num_embeddings, self.embedding_dim)
        if given is None:
            made = empty(shape, device=device, dtype=dtype)
            self.weight = Parameter(made, requires_grad=not freeze)
            self.reset_parameters()
        elif tuple(given.shape) != shape:
            raise AssertionError(
                f"{type(self).__name__}: Shape of weight does not match num_embeddings and "
                f"embedding_dim: got {tuple(given.shape)}, expected {shape}"
            )
        else:
            self.weight = Parameter(given, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw fresh initial values, from the standard normal distribution."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def _around(cls: type[Self], embeddings: Any, freeze: bool, **options: Any) -> Self:
        if embeddings.ndim != 2:
            raise AssertionError(
                f"{cls.__name__}: Embeddings parameter is expected to be 2-dimensional, "
                f"got shape {tuple(embeddings.shape)}"
            )
        rows, columns = embeddings.shape
        made = cls(rows, columns, _weight=embeddings, **options)
        made.weight.requires_grad = not freeze
        return made


class Embedding(_Table):
    """Give the rows of a table that the input's whole numbers name.

    Parameters
    ----------
    padding_idx : int, optional
        A row that starts at zero and gets no gradient.
    max_norm, norm_type : float
        Shrink each row that is read to this norm, in place.
    scale_grad_by_freq : bool
        Divide a row's gradient by how often the row was read.
    sparse : bool
        Accepted; gradients are dense.

    >>> nn.Embedding(10, 3)(tn.tensor([[1, 2], [4, 5]])).shape
    tn.Size([2, 2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self._set_up(padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        self._make_weight(_weight, _freeze, device, dtype)

    def forward(self, input: Any) -> Any:
        """The rows."""
        return embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """The sizes, and settings that are not the usual ones."""
        usual = {
            "padding_idx": None,
            "max_norm": None,
            "norm_type": 2,
            "scale_grad_by_freq": False,
            "sparse": False,
        }
        shown = [f"{k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        return ", ".join([str(self.num_embeddings), str(self.embedding_dim), *shown])

    @classmethod
    def from_pretrained(
        cls: Any,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Any:
        """An Embedding around a table, which is not trained if `freeze`.

        >>> nn.Embedding.from_pretrained(tn.tensor([[1.0], [2.0]]))(tn.tensor([1]))
        tensor([[2.]])
        """
        return cls._around(
            embeddings,
            freeze,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
        )


class EmbeddingBag(_Table):
    """Sums, means or maxima of groups of rows of a table.

    A 2-D input holds one group per row; a 1-D input is cut into groups that begin at `offsets`.

    >>> nn.EmbeddingBag(10, 3, mode="sum")(tn.tensor([1, 2, 4, 5]), tn.tensor([0, 3])).shape
    tn.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self._set_up(padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        self.mode = mode
        self.include_last_offset = include_last_offset
        self._make_weight(_weight, False, device, dtype)

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        """The groups' results; `per_sample_weights` (for sums) scale the rows first."""
        return embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes, the mode, and settings that are not the usual ones."""
        shown = [str(self.num_embeddings), str(self.embedding_dim)]
        usual = {"max_norm": None, "norm_type": 2, "scale_grad_by_freq": False}
        shown += [f"{k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        shown.append(f"mode={self.mode!r}")
        if self.padding_idx is not None:
            shown.append(f"padding_idx={self.padding_idx}")
        return ", ".join(shown)

    @classmethod
    def from_pretrained(
        cls: Any,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Any:
        """An EmbeddingBag around a table, which is not trained if `freeze`.

        >>> nn.EmbeddingBag.from_pretrained(tn.tensor([[1.0], [2.0]]))(tn.tensor([[0, 1]]))
        tensor([[1.5000]])
        """
        return cls._around(
            embeddings,
            freeze,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
