"""Whole lines of coloured text are read by two networks, as in the article's last notebook.

The first looks through a window of 24 columns and marks where a character begins; it slides over
the line in steps of 5, and its opinions are averaged. The second names the character in each
piece. Both are Systems of convolutions over (column, row, colour) and dense layers.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher

import command_line
import numpy as np
import pictures
from text_lines import CHARACTERS, HEIGHT, PIECE, WIDTH, draw_line, glyph, pieces, random_text
from tqdm import tqdm

import autotn as tn

WINDOW, STRIDE = 24, 5
#: Draws that many images with the answers to them.
Source = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def windows(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`n` windows and, for each of their columns, whether a character begins there."""
    seen: list[np.ndarray] = []
    marks = []
    while len(seen) < n:
        image, starts = draw_line(random_text(rng), rng)
        mark = np.zeros(WIDTH, np.float32)
        mark[starts] = 1
        for left in rng.integers(min(WIDTH - WINDOW, starts[-1]) + 1, size=8):
            seen.append(image[left : left + WINDOW])
            marks.append(mark[left : left + WINDOW])
    return np.stack(seen[:n]), np.stack(marks[:n])


def characters(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`n` pieces and the one-hot truth of each."""
    seen: list[np.ndarray] = []
    truth: list[int] = []
    while len(truth) < n:
        text = random_text(rng)
        image, starts = draw_line(text, rng)
        seen.append(pieces(image, starts))
        truth += [CHARACTERS.index(character) for character in text.replace(" ", "")]
    one_hot = np.eye(len(CHARACTERS), dtype=np.float32)[truth]
    return np.concatenate(seen)[:n], one_hot[:n]


def networks() -> tuple[tn.System, tn.System]:
    """The one that splits and the one that reads; prints their layers."""
    window = tn.Input((WINDOW, HEIGHT, 3))()
    edges = tn.Conv((3, 3), (4,), kernel_stride=(1, 1))(window)
    columns = tn.Conv((2, 14), (8,), kernel_stride=(1, 1))(edges)
    hidden = tn.Dense((300,), activation=tn.Tanh())(columns)
    begins = tn.Dense((WINDOW,), activation=tn.Sigmoid())(hidden)
    piece = tn.Input((PIECE, HEIGHT, 3))()
    strokes = tn.Conv((3, 3), (4,), kernel_stride=(1, 1))(piece)
    shape = tn.Dense((300,), activation=tn.Tanh())(strokes)
    name = tn.Dense((len(CHARACTERS),), activation=tn.Sigmoid())(shape)
    print(window, edges, columns, hidden, begins, piece, strokes, shape, name, sep="\n")
    return tn.System([window], [begins]), tn.System([piece], [name])


def train(
    system: tn.System, data: Source, batches: int, rng: np.random.Generator, name: str
) -> list[float]:
    """Learn from fresh batches with a falling rate; the mean error of every batch."""
    errors = []
    for batch in tqdm(range(batches), name):
        images, truth = data(128, rng)
        guess, state = system.guess([images], return_state=True)
        scale = 3e-3 * (1 - batch / batches) + 1e-5
        system.learn(state, [truth], method="adam", loss="ce", scale=scale)
        errors.append(float(np.abs(np.asarray(guess[0]) - truth).sum(1).mean()))
    return errors


def read(image: np.ndarray, splitter: tn.System, reader: tn.System) -> str:
    """The text of a line."""
    lefts = range(0, WIDTH - WINDOW + 1, STRIDE)
    (opinions,) = splitter.guess([np.stack([image[left : left + WINDOW] for left in lefts])])
    total, votes = np.zeros(WIDTH), np.full(WIDTH, 1e-9)
    for left, opinion in zip(lefts, np.asarray(opinions), strict=True):
        total[left : left + WINDOW] += opinion
        votes[left : left + WINDOW] += 1
    begins = total / votes
    best = [begins[max(0, i - 1) : i + 2].max() for i in range(WIDTH)]
    starts = [i for i in range(WIDTH) if begins[i] == best[i] > 0.4]
    if not starts:
        return ""
    (scores,) = reader.guess([pieces(image, starts)])
    text, pen = "", None
    for start, index in zip(starts, np.asarray(scores).argmax(1), strict=True):
        _, left, advance = glyph(CHARACTERS[index])
        if pen is not None and start - left - pen >= 2:  # further than the last one's own width
            text += " " * max(1, round((start - left - pen) / glyph(" ")[2]))
        text += CHARACTERS[index]
        pen = start - left + advance
    return text


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "line_ocr").parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    splitter, reader = networks()
    batches = 3 if options.quick else 3000
    errors = {
        "begins": train(splitter, windows, batches, rng, "where characters begin"),
        "names": train(reader, characters, batches, rng, "which they are"),
    }
    same = total = lines = 0
    shown = []
    for _ in range(3 if options.quick else 100):
        text = random_text(rng)
        image, _ = draw_line(text, rng)
        answer = read(image, splitter, reader)
        blocks = SequenceMatcher(None, text, answer, autojunk=False).get_matching_blocks()
        same, total = same + sum(block.size for block in blocks), total + len(text)
        lines += text == answer
        shown.append((image, text, answer))
    print(f"{same / total:.1%} of {total} characters are right, {lines} lines entirely.")

    file, title = options.out / "errors.png", "Mean error of a window, and of a piece"
    batch = list(range(1, batches + 1))
    curves = {name: (batch, values) for name, values in errors.items()}
    pictures.line_plot(curves, file, title, "batch of 128", "absolute error", "log")
    figure = pictures.new_figure(7, 8)
    for axes, (image, text, answer) in zip(figure.subplots(8, 1), shown, strict=False):
        axes.imshow(image.swapaxes(0, 1).clip(0, 1), interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        colour = pictures.BLACK if answer == text else pictures.ORANGE
        axes.set_xlabel(answer, family="monospace", color=colour, parse_math=False)
    figure.suptitle("Lines, and below each what was read")
    pictures.save(figure, options.out / "lines.png")
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
