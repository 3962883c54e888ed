"""Orthogonal polynomials. As in PyTorch they have no derivative.

SciPy's evaluation by recurrence is used; a degree below 0 gives 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, op

__all__: list[str] = []


def _evaluated(name: str, x: Any, n: Any) -> Any:
    """SciPy's polynomials of whole degree, computed in double precision."""
    import scipy.special

    degree = np.asarray(n).astype(np.int64)
    values = getattr(scipy.special, name)(np.maximum(degree, 0), np.asarray(x, np.float64))
    values = np.where(degree == 0, 1, values)  # also at infinity and NaN
    return np.where(degree < 0, 0, values).astype(x.dtype)


def _third_kind(x: Any, n: Any, sign: int) -> Any:
    r"""Chebyshev's third and fourth kind: :math:`U_n \mp U_{n-1}`."""
    wide = np.asarray(x, np.float64)
    values = _evaluated("eval_chebyu", wide, n) + sign * _evaluated("eval_chebyu", wide, n - 1)
    return values.astype(x.dtype)


@op(out=True, broadcasts=True, promote="float")
def special_chebyshev_polynomial_t(x: Arr, n: Arr) -> Arr:
    r"""Chebyshev polynomial of the first kind: :math:`T_n(\cos\theta) = \cos n\theta`.

    >>> tn.special.chebyshev_polynomial_t(tn.tensor([0.5]), 3)
    tensor([-1.])
    """
    return _evaluated("eval_chebyt", x, n)


@op(out=True, broadcasts=True, promote="float")
def special_chebyshev_polynomial_u(x: Arr, n: Arr) -> Arr:
    r"""Chebyshev polynomial of the second kind: :math:`\sin((n+1)\theta) / \sin\theta`.

    >>> tn.special.chebyshev_polynomial_u(tn.tensor([0.5]), 2)
    tensor([0.])
    """
    return _evaluated("eval_chebyu", x, n)


@op(out=True, broadcasts=True, promote="float")
def special_chebyshev_polynomial_v(x: Arr, n: Arr) -> Arr:
    r"""Chebyshev polynomial of the third kind: :math:`U_n(x) - U_{n-1}(x)`.

    >>> tn.special.chebyshev_polynomial_v(tn.tensor([0.5]), 2)
    tensor([-1.])
    """
    return _third_kind(x, n, -1)


@op(out=True, broadcasts=True, promote="float")
def special_chebyshev_polynomial_w(x: Arr, n: Arr) -> Arr:
    r"""Chebyshev polynomial of the fourth kind: :math:`U_n(x) + U_{n-1}(x)`.

    >>> tn.special.chebyshev_polynomial_w(tn.tensor([0.5]), 2)
    tensor([1.])
    """
    return _third_kind(x, n, 1)


@op(out=True, broadcasts=True, promote="float")
def special_shifted_chebyshev_polynomial_t(x: Arr, n: Arr) -> Arr:
    r"""`chebyshev_polynomial_t` on [0, 1]: :math:`T_n(2x - 1)`.

    >>> tn.special.shifted_chebyshev_polynomial_t(tn.tensor([0.75]), 3)
    tensor([-1.])
    """
    return _evaluated("eval_chebyt", 2 * x - 1, n)


@op(out=True, broadcasts=True, promote="float")
def special_shifted_chebyshev_polynomial_u(x: Arr, n: Arr) -> Arr:
    r"""`chebyshev_polynomial_u` on [0, 1]: :math:`U_n(2x - 1)`.

    >>> tn.special.shifted_chebyshev_polynomial_u(tn.tensor([0.75]), 2)
    tensor([0.])
    """
    return _evaluated("eval_chebyu", 2 * x - 1, n)


@op(out=True, broadcasts=True, promote="float")
def special_shifted_chebyshev_polynomial_v(x: Arr, n: Arr) -> Arr:
    r"""`chebyshev_polynomial_v` on [0, 1]: :math:`V_n(2x - 1)`.

    >>> tn.special.shifted_chebyshev_polynomial_v(tn.tensor([0.75]), 2)
    tensor([-1.])
    """
    return _third_kind(2 * x - 1, n, -1)


@op(out=True, broadcasts=True, promote="float")
def special_shifted_chebyshev_polynomial_w(x: Arr, n: Arr) -> Arr:
    r"""`chebyshev_polynomial_w` on [0, 1]: :math:`W_n(2x - 1)`.

    >>> tn.special.shifted_chebyshev_polynomial_w(tn.tensor([0.75]), 2)
    tensor([1.])
    """
    return _third_kind(2 * x - 1, n, 1)


@op(out=True, broadcasts=True, promote="float")
def special_hermite_polynomial_h(x: Arr, n: Arr) -> Arr:
    r"""Hermite polynomial, as physicists have it: :math:`(-1)^n e^{x^2} \frac{d^n}{dx^n} e^{-x^2}`.

    >>> tn.special.hermite_polynomial_h(tn.tensor([1.0]), 2)
    tensor([2.])
    """
    return _evaluated("eval_hermite", x, n)


@op(out=True, broadcasts=True, promote="float")
def special_hermite_polynomial_he(x: Arr, n: Arr) -> Arr:
    r"""Hermite polynomial, as probabilists have it: :math:`2^{-n/2} H_n(x / \sqrt 2)`.

    >>> tn.special.hermite_polynomial_he(tn.tensor([2.0]), 2)
    tensor([3.])
    """
    return _evaluated("eval_hermitenorm", x, n)


@op(out=True, broadcasts=True, promote="float")
def special_laguerre_polynomial_l(x: Arr, n: Arr) -> Arr:
    r"""Laguerre polynomial: :math:`\frac{e^x}{n!} \frac{d^n}{dx^n} (e^{-x} x^n)`.

    >>> tn.special.laguerre_polynomial_l(tn.tensor([1.0]), 2)
    tensor([-0.5000])
    """
    return _evaluated("eval_laguerre", x, n)


@op(out=True, broadcasts=True, promote="float")
def special_legendre_polynomial_p(x: Arr, n: Arr) -> Arr:
    r"""Legendre polynomial: :math:`\frac{1}{2^n n!} \frac{d^n}{dx^n} (x^2 - 1)^n`.

    >>> tn.special.legendre_polynomial_p(tn.tensor([0.5]), 2)
    tensor([-0.1250])
    """
    return _evaluated("eval_legendre", x, n)
