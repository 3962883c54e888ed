"""The article's notebooks as one script: letters read by five kinds of network, in its own words.

    python examples/letter_networks.py              # dense, conv, residual, rnn and lstm
    python examples/letter_networks.py lstm         # only one of them

Each is a System of the notebook's layers. `guess` and `learn` get small batches here, which is
much faster than one letter at a time, and the letters come in one typeface as in the notebooks.
The pictures show weights: what the first layer looks for, or how the cells are wired.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import command_line
import letters
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn


def dense(layer: tn.Instance) -> tn.Instance:
    for _ in range(2):
        layer = tn.Dense((15, 15), activation=tn.Tanh())(layer)
    return tn.Dense(letters.out_shape, activation=tn.Sigmoid())(layer)


def conv(layer: tn.Instance) -> tn.Instance:
    for _ in range(3):
        layer = tn.Conv((5, 5), (5,), kernel_stride=(1, 1), pad=True)(layer)
    return tn.Dense(letters.out_shape, activation=tn.Sigmoid())(layer)


def residual(layer: tn.Instance) -> tn.Instance:
    for _ in range(2):
        layer = tn.ResWrap(tn.Dense((32, 32), activation=tn.ReLU()))(layer)
    return tn.Dense(letters.out_shape, activation=tn.Sigmoid())(layer)


def rnn(layer: tn.Instance) -> tn.Instance:
    """The rows of the image one after another."""
    for _ in range(2):
        layer = tn.RNN(20)(layer)
    return tn.Dense(letters.out_shape, activation=tn.Sigmoid())(layer)


def lstm(layer: tn.Instance) -> tn.Instance:
    for _ in range(2):
        layer = tn.LSTM(20)(layer)
    return tn.Dense(letters.out_shape, activation=tn.Sigmoid())(layer)


#: How each is built, its learning rate, and its number of batches.
KINDS: dict[str, tuple[Callable[[tn.Instance], tn.Instance], float, int]] = {
    "dense": (dense, 1e-3, 600),
    "conv": (conv, 1e-3, 600),
    "residual": (residual, 3e-4, 600),
    "rnn": (rnn, 3e-3, 1500),
    "lstm": (lstm, 5e-3, 1500),
}


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "letter_networks")
    options.add_argument("kinds", nargs="*", choices=[*KINDS, []], help="which (all)")
    options = options.parse_args(arguments)
    face = [face for face in letters.all_faces() if face.name == "DejaVu Sans Book"]
    tests = letters.Letters(face, options.seed + 1).batch(260 if options.quick else 2600)
    curves, results = {}, []
    for kind in options.kinds or KINDS:
        build, scale, batches = KINDS[kind]
        batches = 3 if options.quick else batches
        tn.manual_seed(options.seed)
        supply = letters.Letters(face, options.seed)
        in_layer = tn.Input(letters.in_2d_shape)()
        s = tn.System(inputs=[in_layer], outputs=[build(in_layer)])
        right, start = [], time.perf_counter()
        for _ in (bar := tqdm(range(batches), kind)):
            images, index = supply.batch(52)
            guess, state = s.guess([images], return_state=True)
            truth = np.eye(letters.out_size, dtype=np.float32)[index]
            s.learn(state, [truth], method="adam", scale=scale)
            right.append(float((np.asarray(guess[0]).argmax(1) == index).mean()))
            bar.set_postfix_str(f"{right[-1]:.0%} right")
        seconds = time.perf_counter() - start
        guess = np.asarray(s.guess([tests[0]])[0]).argmax(1)
        results.append(f"{kind:9} {(guess == tests[1]).mean():7.2%} in {seconds:5.1f} s")
        # A mean over twenty batches, since one has only two of each letter.
        smooth = np.convolve(right, np.ones(20) / 20, "valid") if batches > 20 else right
        curves[kind] = (list(range(len(smooth))), list(smooth))
    print(*results, sep="\n")
    title = "Letters read by five kinds of network"
    file = options.out / "accuracy.png"
    pictures.line_plot(curves, file, title, "batches of 52", "share read right")
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
