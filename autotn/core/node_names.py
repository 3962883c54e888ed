"""PyTorch's names of nodes (``grad_fn.name()``) where they are not made of the op's own name.

Where PyTorch tells forms apart by a number, an op has the name of the form met most.
"""

from __future__ import annotations

NAMES = {
    "affine_grid": "AffineGridGenerator",
    "batch_norm": "NativeBatchNorm",
    "bce": "BinaryCrossEntropy",
    "bce_with_logits": "BinaryCrossEntropyWithLogits",
    "cholesky": "LinalgCholeskyEx",
    "conj_physical": "ConjPhysical",
    "conv1d": "Convolution",
    "conv2d": "Convolution",
    "conv3d": "Convolution",
    "conv_transpose1d": "Convolution",
    "conv_transpose2d": "Convolution",
    "conv_transpose3d": "Convolution",
    "cross_entropy": "NllLoss",
    "deg2rad": "Deg2Rad",
    "eigh": "LinalgEigh",
    "fold": "Col2Im",
    "gelu_erf": "Gelu",
    "gelu_tanh": "Gelu",
    "huber": "HuberLoss",
    "kth": "Kthvalue",
    "lerp_by": "Lerp",
    "linalg_inv": "LinalgInvEx",
    "linear": "Addmm",
    "log1p": "Log1P",
    "logsigmoid": "LogSigmoid",
    "lu": "LinalgLuFactorEx",
    "masked_scale": "Mul",
    "matmul": "Mm",
    "max_along": "Max",
    "middle": "Median",
    "min_along": "Min",
    "multi_margin": "MultiMarginLoss",
    "nll": "NllLoss",
    "normalise_rows": "NativeLayerNorm",
    "p_norm": "LinalgVectorNorm",
    "pad_constant": "ConstantPadNd",
    "parts": "Split",
    "pinv": "LinalgPinv",
    "put_on_diagonal": "DiagEmbed",
    "qr": "LinalgQr",
    "rad2deg": "Rad2Deg",
    "reshape": "View",
    "slogdet": "LinalgSlogdet",
    "solve": "LinalgSolveEx",
    "solve_triangular": "LinalgSolveTriangular",
    "special_i0e": "SpecialI0E",
    "special_i1e": "SpecialI1E",
    "special_xlog1py": "SpecialXlog1Py",
    "square": "Pow",
    "svd": "LinalgSvd",
    "svdvals": "LinalgSvd",
    "tile": "Repeat",
    "unfold": "Im2Col",
    "unfold_dimension": "Unfold",
}

#: The same with PyTorch's number for the form, where it is not 0.
NUMBERS = {
    "clamp_between": "ClampBackward1",
    "clamp_both": "ClampBackward0",
    "round_decimals": "RoundBackward1",
}


def name_of(op_name: str) -> str:
    """PyTorch's name for a node of an op."""
    numbered = NUMBERS.get(op_name)
    if numbered is not None:
        return numbered
    return f"{NAMES.get(op_name) or _camel(op_name)}Backward0"


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
