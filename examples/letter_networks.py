"""The article's notebooks as one script: letters read by five kinds of network, in its own words.

    python examples/letter_networks.py              # dense, conv, residual, rnn and lstm
    python examples/letter_networks.py rnn lstm     # only some of them

Each is a System of the notebook's layers, fed with letters in one typeface as there. `guess` and
`learn` get small batches here, which takes a fraction of the time of one letter at a time, and the
loss is the cross-entropy, with which all but the dense network learn far sooner. The pictures show
the weights of the last layer: what speaks for each letter, and what against it.
"""

from __future__ import annotations

import time

import command_line
import letters
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn

#: Batches of 52 letters, and the learning rate at the beginning.
TRAINING = {
    "dense": (600, 3e-3),
    "conv": (250, 5e-3),
    "residual": (200, 1e-3),
    "rnn": (800, 5e-3),
    "lstm": (600, 1e-2),
}


def build(kind: str) -> tuple[tn.System, tn.Instance]:
    """The system of that kind, and its last layer."""
    layer = in_layer = tn.Input(letters.in_2d_shape)()
    if kind == "dense":
        for _ in range(2):
            layer = tn.Dense((15, 15), activation=tn.Tanh())(layer)
    elif kind == "conv":
        for _ in range(3):
            layer = tn.Conv((5, 5), (5,), kernel_stride=(1, 1), pad=True)(layer)
    elif kind == "residual":
        for _ in range(2):
            layer = tn.ResWrap(tn.Dense((32, 32), activation=tn.ReLU()))(layer)
    else:  # the rows of the image one after another
        for _ in range(2):
            layer = {"rnn": tn.RNN, "lstm": tn.LSTM}[kind](20)(layer)
    out_layer = tn.Dense(letters.out_shape, activation=tn.Sigmoid())(layer)
    return tn.System(inputs=[in_layer], outputs=[out_layer]), out_layer


def train(
    s: tn.System, supply: letters.Letters, batches: int, scale: float, name: str
) -> list[float]:
    """Guess and learn; the share of every batch that was read right."""
    right = []
    for batch in (bar := tqdm(range(batches), name)):
        images, index = supply.batch(52)
        (guess,), state = s.guess([images], return_state=True)
        truth = np.eye(letters.out_size)[index]
        falling = scale * (1 - batch / batches)
        s.learn(state, [truth], loss="ce", method="adam", scale=falling)
        right.append(float((guess.argmax(1) == index).mean()))
        bar.set_postfix_str(f"{right[-1]:.0%} right")
    return right


def main(arguments: list[str] | None = None) -> None:
    parser = command_line.parser(__doc__, "letter_networks")
    parser.add_argument("kinds", nargs="*", help=f"some of {', '.join(TRAINING)} (all)")
    options = parser.parse_args(arguments)
    kinds = options.kinds or list(TRAINING)
    if not set(kinds) <= set(TRAINING):
        parser.error(f"kinds are {', '.join(TRAINING)}, got {' '.join(kinds)}")
    face = [face for face in letters.all_faces() if face.name == "DejaVu Sans Book"]
    images, index = letters.Letters(face, options.seed + 1).batch(260 if options.quick else 2600)

    curves, results = {}, []
    for kind in kinds:
        tn.manual_seed(options.seed)
        s, out_layer = build(kind)
        batches, scale = TRAINING[kind]
        batches = 2 if options.quick else batches
        start = time.perf_counter()
        right = train(s, letters.Letters(face, options.seed), batches, scale, kind)
        seconds = time.perf_counter() - start
        share = float((s.guess([images])[0].argmax(1) == index).mean())
        results.append(
            f"{kind:9}{share:8.2%} of {len(images)} letters, trained for {seconds:.0f} s"
        )
        # Means over twenty batches, since one has only two of each letter.
        smooth = [float(np.mean(right[max(0, i - 19) : i + 1])) for i in range(batches)]
        curves[kind] = (list(range(1, batches + 1)), smooth)

        weight = out_layer.module.weight.detach().numpy()
        maps = weight.reshape(letters.out_size, *out_layer.input_shapes[0])
        if kind == "conv":  # one map for each of the five channels
            maps = np.moveaxis(maps, 3, 1).reshape(-1, 32, 32)
        title = f"Last layer of the {kind} network, A to Z in reading order"
        file = options.out / f"{kind}.png"
        pictures.weight_grid(maps, file, title, columns=10 if kind == "conv" else 7)

    print(*results, sep="\n")
    file, title = options.out / "accuracy.png", "Letters read by five kinds of network"
    pictures.line_plot(curves, file, title, "batches of 52 letters", "share read right")
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
