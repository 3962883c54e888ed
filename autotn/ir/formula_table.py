r"""The formulas of the ops people meet: text, LaTeX, and what each input contributes.

`EACH_ELEMENT`: ops on each element alone, with the local derivative by each input. `WHOLE_ARRAYS`: the others, with
the gradient that is sent to each input (``$g`` is that of the output).
"""

from __future__ import annotations

_Pair = tuple[str, str]
_Entry = tuple[str, str, dict[str, _Pair]]

_X = "$input"
_ONE: _Pair = ("1", "1")
_MINUS_ONE: _Pair = ("-1", "-1")


def _function(name: str, latex: str, derivative: str, derivative_latex: str) -> _Entry:
    """A function of one argument that has a name."""
    return f"{name}({_X})", rf"{latex}\left({_X}\right)", {"input": (derivative, derivative_latex)}


EACH_ELEMENT: dict[str, _Entry] = {
    "add": ("$input + $other", "$input + $other", {"input": _ONE, "other": _ONE}),
    "sub": ("$input - $other", "$input - $other", {"input": _ONE, "other": _MINUS_ONE}),
    "mul": (
        "$input * $other",
        r"$input \odot $other",
        {"input": ("$other", "$other"), "other": ("$input", "$input")},
    ),
    "div": (
        "$input / $other",
        r"\frac{$input}{$other}",
        {
            "input": ("1 / $other", r"\frac{1}{$other}"),
            "other": ("-$input / $other**2", r"-\frac{$input}{$other^2}"),
        },
    ),
    "pow": (
        "$input ** $exponent",
        "$input^{$exponent}",
        {
            "input": ("$exponent * $input**($exponent - 1)", r"$exponent\,$input^{$exponent - 1}"),
            "exponent": ("$out * log($input)", r"$out \odot \ln $input"),
        },
    ),
    "neg": ("-$input", "-$input", {"input": _MINUS_ONE}),
    "square": ("$input**2", "$input^2", {"input": ("2 * $input", r"2\,$input")}),
    "reciprocal": (
        "1 / $input",
        r"\frac{1}{$input}",
        {"input": ("-$out**2", "-$out^2")},
    ),
    "sqrt": ("sqrt($input)", r"\sqrt{$input}", {"input": ("1 / (2 * $out)", r"\frac{1}{2\,$out}")}),
    "rsqrt": (
        "1 / sqrt($input)",
        r"\frac{1}{\sqrt{$input}}",
        {"input": ("-$out**3 / 2", r"-\tfrac12\,$out^3")},
    ),
    "exp": ("exp($input)", "e^{$input}", {"input": ("$out", "$out")}),
    "exp2": ("2 ** $input", "2^{$input}", {"input": ("$out * log(2)", r"$out\,\ln 2")}),
    "expm1": ("exp($input) - 1", "e^{$input} - 1", {"input": ("$out + 1", "$out + 1")}),
    "log": _function("log", r"\ln", "1 / $input", r"\frac{1}{$input}"),
    "log1p": ("log(1 + $input)", r"\ln(1 + $input)", {"input": ("1 / (1 + $input)", r"\frac{1}{1 + $input}")}),
    "log2": _function("log2", r"\log_2", "1 / ($input * log(2))", r"\frac{1}{$input \ln 2}"),
    "log10": _function("log10", r"\log_{10}", "1 / ($input * log(10))", r"\frac{1}{$input \ln 10}"),
    "sin": _function("sin", r"\sin", "cos($input)", r"\cos\left($input\right)"),
    "cos": _function("cos", r"\cos", "-sin($input)", r"-\sin\left($input\right)"),
    "tan": _function("tan", r"\tan", "1 + $out**2", "1 + $out^2"),
    "sinh": _function("sinh", r"\sinh", "cosh($input)", r"\cosh\left($input\right)"),
    "cosh": _function("cosh", r"\cosh", "sinh($input)", r"\sinh\left($input\right)"),
    "tanh": _function("tanh", r"\tanh", "1 - $out**2", "1 - $out^2"),
    "asin": _function("asin", r"\arcsin", "1 / sqrt(1 - $input**2)", r"\frac{1}{\sqrt{1 - $input^2}}"),
    "acos": _function("acos", r"\arccos", "-1 / sqrt(1 - $input**2)", r"-\frac{1}{\sqrt{1 - $input^2}}"),
    "atan": _function("atan", r"\arctan", "1 / (1 + $input**2)", r"\frac{1}{1 + $input^2}"),
    "erf": _function(
        "erf", r"\operatorname{erf}", "2 / sqrt(pi) * exp(-$input**2)", r"\frac{2}{\sqrt\pi} e^{-$input^2}"
    ),
    "abs": ("abs($input)", r"\left|$input\right|", {"input": ("sign($input)", r"\operatorname{sign}($input)")}),
    "sigmoid": _function("sigmoid", r"\sigma", "$out * (1 - $out)", r"$out \odot (1 - $out)"),
    "relu": ("max($input, 0)", r"\max($input, 0)", {"input": ("$out > 0", r"[$out > 0]")}),
    "leaky_relu": (
        "where($input > 0, $input, $negative_slope * $input)",
        r"\max($input, 0) + \alpha \min($input, 0)",
        {"input": ("where($input > 0, 1, $negative_slope)", r"[$input > 0] + \alpha\,[$input \le 0]")},
    ),
    "softplus": _function(
        "softplus", r"\operatorname{softplus}", "sigmoid($beta * $input)", r"\sigma\left(\beta\,$input\right)"
    ),
    "logsigmoid": _function("logsigmoid", r"\ln\sigma", "sigmoid(-$input)", r"\sigma\left(-$input\right)"),
    "silu": (
        "$input * sigmoid($input)",
        r"$input \odot \sigma\left($input\right)",
        {
            "input": (
                "s + $input * s * (1 - s) with s = sigmoid($input)",
                r"\sigma($input) + $input \odot \sigma'($input)",
            )
        },
    ),
    "gelu_erf": (
        "$input * Phi($input)",
        r"$input \odot \Phi\left($input\right)",
        {"input": ("Phi($input) + $input * phi($input)", r"\Phi($input) + $input \odot \varphi($input)")},
    ),
    "gelu_tanh": (
        "$input * Phi($input), by tanh",
        r"$input \odot \Phi\left($input\right)",
        {"input": ("Phi($input) + $input * phi($input)", r"\Phi($input) + $input \odot \varphi($input)")},
    ),
    "maximum": (
        "max($input, $other)",
        r"\max($input, $other)",
        {"input": ("$input > $other", "[$input > $other]"), "other": ("$other > $input", "[$other > $input]")},
    ),
    "minimum": (
        "min($input, $other)",
        r"\min($input, $other)",
        {"input": ("$input < $other", "[$input < $other]"), "other": ("$other < $input", "[$other < $input]")},
    ),
    "clamp_between": (
        "clamp($input, $min, $max)",
        r"\operatorname{clamp}($input)",
        {"input": ("$min <= $input <= $max", r"[\min \le $input \le \max]")},
    ),
    "clamp_min": (
        "max($input, $min)",
        r"\max($input, $min)",
        {"input": ("$input > $min", "[$input > $min]"), "min": ("$input < $min", "[$input < $min]")},
    ),
    "clamp_max": (
        "min($input, $max)",
        r"\min($input, $max)",
        {"input": ("$input < $max", "[$input < $max]"), "max": ("$input > $max", "[$input > $max]")},
    ),
    "softsign": (
        "$input / (1 + abs($input))",
        r"\frac{$input}{1 + \left|$input\right|}",
        {"input": ("1 / (1 + abs($input))**2", r"\frac{1}{\left(1 + \left|$input\right|\right)^2}")},
    ),
    "logaddexp": (
        "log(exp($input) + exp($other))",
        r"\ln\left(e^{$input} + e^{$other}\right)",
        {
            "input": ("exp($input - $out)", r"e^{$input - $out}"),
            "other": ("exp($other - $out)", r"e^{$other - $out}"),
        },
    ),
    "hypot": (
        "sqrt($input**2 + $other**2)",
        r"\sqrt{$input^2 + $other^2}",
        {"input": ("$input / $out", r"\frac{$input}{$out}"), "other": ("$other / $out", r"\frac{$other}{$out}")},
    ),
    "bce_with_logits": (
        "log(1 + exp($input)) - $target * $input",
        r"\ln\left(1 + e^{$input}\right) - $target \odot $input",
        {"input": ("sigmoid($input) - $target", r"\sigma($input) - $target"), "target": ("-$input", "-$input")},
    ),
    "alias": ("$input", "$input", {"input": _ONE}),
    "clone": ("$input", "$input", {"input": _ONE}),
    "in_order": ("$input", "$input", {"input": _ONE}),
    "cast": ("$input as $dtype", "$input", {"input": _ONE}),
}  # fmt: skip

WHOLE_ARRAYS: dict[str, _Entry] = {
    "matmul": (
        "$input @ $other",
        r"$input\,$other",
        {
            "input": ("$g @ $other.T", r"$g\,$other^\top"),
            "other": ("$input.T @ $g", r"$input^\top $g"),
        },
    ),
    "linear": (
        "$input @ $weight.T + $bias",
        r"$input\,$weight^\top + $bias",
        {
            "input": ("$g @ $weight", r"$g\,$weight"),
            "weight": ("$g.T @ $input", r"$g^\top $input"),
            "bias": ("sum of $g over the batch", r"\sum_n $g_n"),
        },
    ),
    "sum": ("sum($input)", r"\sum $input", {"input": ("$g, for every summand", r"$g \cdot \mathbf 1")}),
    "mean": (
        "mean($input)",
        r"\frac1n \sum $input",
        {"input": ("$g / n, for every summand", r"\frac{$g}{n} \cdot \mathbf 1")},
    ),
    "prod": ("prod($input)", r"\prod $input", {"input": ("$g * $out / $input", r"$g \cdot \frac{$out}{$input}")}),
    "cumsum": (
        "cumsum($input)",
        r"\sum_{j \le i} $input_j",
        {"input": ("sum of $g from here on", r"\sum_{j \ge i} $g_j")},
    ),
    "softmax": (
        "exp($input) / sum(exp($input))",
        r"\frac{e^{$input}}{\sum e^{$input}}",
        {"input": ("$out * ($g - sum($g * $out))", r"$out \odot \left($g - \sum $g \odot $out\right)")},
    ),
    "log_softmax": (
        "$input - log(sum(exp($input)))",
        r"$input - \ln \sum e^{$input}",
        {"input": ("$g - exp($out) * sum($g)", r"$g - e^{$out} \sum $g")},
    ),
    "logsumexp": (
        "log(sum(exp($input)))",
        r"\ln \sum e^{$input}",
        {"input": ("$g * exp($input - $out)", r"$g \cdot e^{$input - $out}")},
    ),
    "cross_entropy": (
        "mean of -log softmax($input)[target]",
        r"-\frac1N \sum_n \ln \operatorname{softmax}($input_n)_{t_n}",
        {
            "input": (
                "$g * (softmax($input) - onehot(target)) / N",
                r"\frac{$g}{N} \left(\operatorname{softmax}($input) - \mathbf 1_t\right)",
            )
        },
    ),
    "nll": (
        "mean of -$input[target]",
        r"-\frac1N \sum_n $input_{n,t_n}",
        {"input": ("-$g / N at the target, else 0", r"-\frac{$g}{N} \mathbf 1_t")},
    ),
    "mse_loss": (
        "mean(($input - $target)**2)",
        r"\frac1n \sum \left($input - $target\right)^2",
        {
            "input": ("$g * 2 * ($input - $target) / n", r"\frac{2\,$g}{n} \left($input - $target\right)"),
            "target": ("-$g * 2 * ($input - $target) / n", r"-\frac{2\,$g}{n} \left($input - $target\right)"),
        },
    ),
    "max_along": (
        "max($input)",
        r"\max $input",
        {"input": ("$g where the maximum stands, else 0", r"$g \cdot \mathbf 1_{\arg\max}")},
    ),
    "min_along": (
        "min($input)",
        r"\min $input",
        {"input": ("$g where the minimum stands, else 0", r"$g \cdot \mathbf 1_{\arg\min}")},
    ),
    "max_pool": (
        "the largest of each window of $input",
        r"\max_{\text{window}} $input",
        {"input": ("$g where the maxima stand, else 0", r"$g \cdot \mathbf 1_{\arg\max}")},
    ),
    "max_pool_with_indices": (
        "the largest of each window of $input",
        r"\max_{\text{window}} $input",
        {"input": ("$g where the maxima stand, else 0", r"$g \cdot \mathbf 1_{\arg\max}")},
    ),
    **{
        op: (
            f"{op[1:]}($input)",
            rf"\{op[1:]} $input",
            {"input": ("$g where the extremes stand, in equal shares", r"$g \cdot \mathbf 1_{\arg}")},
        )
        for op in ("amax", "amin")
    },
    "var": (
        "sum(($input - mean)**2) / (n - $correction)",
        r"\frac{\sum \left($input - \mu\right)^2}{n - c}",
        {"input": ("$g * 2 * ($input - mean) / (n - $correction)", r"\frac{2\,$g}{n - c} \left($input - \mu\right)")},
    ),
    "parts": ("a part of $input", r"$input_{i:j}", {"input": ("$g, each at its place", r"$g \cdot \mathbf 1_{i:j}")}),
    "adaptive_avg_pool": (
        "the mean of each window of $input",
        r"\operatorname{mean}_{\text{window}} $input",
        {"input": ("$g / size of the window, for every element in it", r"\frac{$g}{k} \cdot \mathbf 1")},
    ),
    "avg_pool": (
        "the mean of each window of $input",
        r"\operatorname{mean}_{\text{window}} $input",
        {"input": ("$g / size of the window, for every element in it", r"\frac{$g}{k} \cdot \mathbf 1")},
    ),
    **{
        f"conv{n}d": (
            "$weight * $input + $bias (convolution)",
            r"$weight \star $input + $bias",
            {
                "input": ("$weight * $g (transposed convolution)", r"$weight \star^\top $g"),
                "weight": ("$input * $g (convolution over the batch)", r"$input \star $g"),
                "bias": ("sum of $g over batch and places", r"\sum $g"),
            },
        )
        for n in (1, 2, 3)
    },
    "reshape": ("$input, reshaped", "$input", {"input": ("$g, shaped back", "$g")}),
    "transpose": ("$input, two axes swapped", r"$input^\top", {"input": ("$g, swapped back", r"$g^\top")}),
    "permute": ("$input, axes in another order", r"$input^\pi", {"input": ("$g, axes put back", r"$g^{\pi^{-1}}")}),
    "expand": ("$input, repeated", "$input", {"input": ("sum of $g over the repetitions", r"\sum $g")}),
    "getitem": ("$input[index]", r"$input_i", {"input": ("$g at the index, else 0", r"$g \cdot \mathbf 1_i")}),
    "embedding": (
        "rows of $weight",
        r"$weight_{i}",
        {"weight": ("$g added up at the rows that were read", r"\sum $g \cdot \mathbf 1_i")},
    ),
    "assign_view": (
        "$input with $value written into it",
        r"$input \leftarrow $value",
        {
            "input": ("$g, 0 where it was written", r"$g \cdot [\text{kept}]"),
            "value": ("$g where it was written", r"$g \cdot [\text{written}]"),
        },
    ),
    "attention": (
        "softmax($query @ $key.T * $scale) @ $value",
        r"\operatorname{softmax}\left(s\,$query\,$key^\top\right) $value",
        {
            "value": ("P.T @ $g, with the attention P", r"P^\top $g"),
            "query": ("s * dS @ $key, dS from $g @ $value.T", r"s\,dS\,$key"),
            "key": ("s * dS.T @ $query", r"s\,dS^\top $query"),
        },
    ),
    "normalise_rows": (
        "($input - mean) / std * $weight + $bias",
        r"\frac{$input - \mu}{\sigma} \odot $weight + $bias",
        {
            "input": (
                "(h - mean(h) - xhat * mean(h * xhat)) / std with h = $g * $weight",
                r"\frac{1}{\sigma}\left(h - \bar h - \hat x\,\overline{h \hat x}\right),\ h = $g \odot $weight",
            ),
            "weight": ("sum of $g * xhat", r"\sum $g \odot \hat x"),
            "bias": ("sum of $g", r"\sum $g"),
        },
    ),
    "batch_norm": (
        "($input - mean) / std * $weight + $bias, per channel",
        r"\frac{$input - \mu}{\sigma} \odot $weight + $bias",
        {
            "input": (
                "(h - mean(h) - xhat * mean(h * xhat)) / std with h = $g * $weight",
                r"\frac{1}{\sigma}\left(h - \bar h - \hat x\,\overline{h \hat x}\right),\ h = $g \odot $weight",
            ),
            "weight": ("sum of $g * xhat", r"\sum $g \odot \hat x"),
            "bias": ("sum of $g", r"\sum $g"),
        },
    ),
}  # fmt: skip
