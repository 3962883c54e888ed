"""The error for a keyword that a call does not take: what was called, what was meant, what there is.

Python's own error names the keyword alone. The functions written from declarations, those that make tensors, those
that sort their keywords anyway, and the classes of `KnownKeywords` say more. Ops without options and short
functions keep Python's words, lest every call pays for it; from Python 3.13 on those, too, name what was meant.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from typing import Any

from autotn.core.op import parameter_names

#: What other libraries, and people, call a thing; PyTorch's words for it.
_SYNONYMS = {
    "activation": ("nonlinearity",),
    "axes": ("dim", "dims"),
    "axis": ("dim", "dims"),
    "beta_1": ("betas",),
    "beta_2": ("betas",),
    "decay": ("weight_decay",),
    "dilation_rate": ("dilation",),
    "dim": ("dims",),
    "dropout": ("p",),
    "dropout_rate": ("p", "dropout"),
    "epsilon": ("eps",),
    "filters": ("out_channels",),
    "hidden_dim": ("hidden_size",),
    "input_dim": ("in_features", "input_size", "num_embeddings"),
    "keepdims": ("keepdim",),
    "kernel": ("kernel_size",),
    "labels": ("target",),
    "learning_rate": ("lr",),
    "model": ("params",),
    "output_dim": ("out_features", "embedding_dim"),
    "parameters": ("params",),
    "prob": ("p", "probs"),
    "rate": ("p", "dropout"),
    "shape": ("size", "normalized_shape"),
    "strides": ("stride",),
    "units": ("out_features", "hidden_size"),
    "use_bias": ("bias",),
    "wd": ("weight_decay",),
    "weights": ("weight",),
}


def unknown_keyword(function: Any, given: Iterable[str]) -> TypeError:
    """The error for keywords of which `function`, a function or a class, does not take one: raise it."""
    signature = inspect.signature(function)
    named = [
        name
        for name, p in signature.parameters.items()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    wrong = next((keyword for keyword in given if keyword not in named), next(iter(given)))
    called = function.__name__
    text = f"{called}() got an unexpected keyword argument '{wrong}'"
    meant = _meant(wrong, named)
    if meant:
        text += f"; did you mean '{meant}'?"
    bare = [
        p.replace(annotation=p.empty)
        for p in signature.parameters.values()
        if not p.name.startswith("_") and p.kind is not p.VAR_POSITIONAL
    ]
    shown = inspect.Signature(bare)
    return TypeError(f"{text}{'' if meant else '.'} It takes {called}{shown}")


def _meant(wrong: str, named: list[str]) -> str:
    """The keyword that was most likely meant, or nothing."""
    synonyms = [word for word in _SYNONYMS.get(wrong, ()) if word in named]
    return next(iter(synonyms or difflib.get_close_matches(wrong, named, n=1)), "")


class _SignatureOfInit:
    """The signature of a class is that of its ``__init__``, not of the ``__new__`` below."""

    def __get__(self, instance: Any, owner: Any) -> inspect.Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        given = inspect.signature(owner.__init__)
        return given.replace(parameters=list(given.parameters.values())[1:])


class KnownKeywords:
    """A class whose constructor explains a keyword it does not take."""

    __signature__ = _SignatureOfInit()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            init = inspect.getattr_static(cls, "__init__")
            code = getattr(init, "__code__", None)
            sorts_itself = code is None or code.co_flags & inspect.CO_VARKEYWORDS
            if not sorts_itself and not kwargs.keys() <= set(parameter_names(init)):
                raise unknown_keyword(cls, kwargs)
        return super().__new__(cls)
