"""Read block letters: the article's network, trained in the article's words and in PyTorch's.

    python examples/ocr.py              # all of it, well under two minutes
    python examples/ocr.py --resume     # goes on after Ctrl-C, exactly where it stopped

First phase: the article's script. `guess` a letter, `learn` from it, one at a time. Second phase:
the same layers in the eager loop everybody knows from PyTorch, in mini-batches; it reads more
than 99 % of renderings it has not seen. Typefaces it has never seen are the harder test.

The pictures, the network's graph and the checkpoints are written to the folder given by --out. A checkpoint is
whole or not there: a run may be killed at any moment.
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any

import command_line
import letters
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.utils.checkpointing import Checkpointer

LESSON = 100  # letters the article's script learns between two looks at Ctrl-C
BATCH = 52  # each letter twice
CHECKPOINTS = "checkpoints"


def article_network() -> tuple[tn.System, tn.Instance]:
    """The article's system, and the place of its first dense layer; prints every layer."""
    in_layer = tn.Input(letters.in_2d_shape)()
    print(in_layer)
    hidden = [in_layer]
    for hidden_shape in [(15, 15)] * 2:
        hidden.append(tn.Dense(hidden_shape, activation=tn.Tanh())(hidden[-1]))
        print(hidden[-1])
    out_layer = tn.Dense(letters.out_shape, activation=tn.Sigmoid())(hidden[-1])
    print(out_layer)
    return tn.System(inputs=[in_layer], outputs=[out_layer]), hidden[1]


class Run:
    """Both networks, what trains them, and how far they are; what is kept of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.checkpoints = Checkpointer(options.out / CHECKPOINTS, keep=2)
        tn.manual_seed(options.seed)
        training, held_out = letters.split_faces(options.font_wheels)
        self.supply = letters.Letters(training, options.seed)
        tests = 26 * (10 if options.quick else 100)
        self.unseen = letters.Letters(training, options.seed + 1_000_000).batch(tests)
        self.held_out = letters.Letters(held_out, options.seed + 2_000_000).batch(tests)

        self.system, self.first_dense = article_network()
        self.model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(32 * 32, 15 * 15),
            nn.Tanh(),
            nn.Linear(15 * 15, 15 * 15),
            nn.Tanh(),
            nn.Linear(15 * 15, letters.out_size),
        )
        self.optimizer = optim.Adam(self.model.parameters(), lr=2e-3)
        self.scheduler = optim.lr_scheduler.CosineAnnealingLR(self.optimizer, options.epochs)
        # Plain numbers only. The curves: (loss, share right) per lesson; then per epoch
        # (loss, share right on unseen renderings, on held-out typefaces).
        self.done: dict[str, Any] = dict(lessons=[], steps=0, loss=0.0, epochs=[])
        self.interrupted = False
        signal.signal(signal.SIGINT, self.interrupt)

    def interrupt(self, signum: int, frame: object) -> None:
        """Ctrl-C ends the loop after the current step; a second one interrupts as usual."""
        self.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def parts(self) -> dict[str, Any]:
        """All that a resumed run needs to go on as if it had not stopped."""
        names = ("system", "model", "optimizer", "scheduler")
        return {name: getattr(self, name) for name in names} | {"generator": self.supply.rng}

    def save(self) -> None:
        options = vars(self.options) | {"out": None, "resume": False}
        number = len(self.done["lessons"]) + self.done["steps"]
        self.checkpoints.save(self.parts() | {"done": self.done, "options": options}, number)

    def restore(self) -> None:
        restored = self.checkpoints.restore(self.parts())
        assert restored is not None  # its options were read before
        self.done = restored["done"]

    def stop_if_asked(self) -> None:
        if self.interrupted:
            self.save()
            sys.exit(f"\nStopped. All of it is in {self.checkpoints.folder}: go on with --resume.")


def train_online(run: Run, lessons: int) -> None:
    """The article's script: guess one letter, learn from it."""
    s, curve = run.system, run.done["lessons"]
    bar = tqdm(range(len(curve), lessons), "one at a time", lessons, initial=len(curve))
    for lesson in bar:
        right, loss = 0, 0.0
        for true_out, input in run.supply.tagged_2d_data(LESSON):
            guess_out, state = s.guess([input], return_state=True)
            s.learn(state, [true_out], method="adam", scale=3e-4)
            right += int(guess_out[0].argmax() == true_out.argmax())
            loss += state.loss
        curve.append((loss / LESSON, right / LESSON))
        bar.set_postfix_str(f"{right / LESSON:.0%} right")
        run.stop_if_asked()
        if (lesson + 1) % 10 == 0:
            run.save()


def train_in_batches(run: Run, steps_per_epoch: int) -> None:
    """The eager loop; every batch is freshly drawn, no picture comes twice."""
    model, optimizer, done = run.model, run.optimizer, run.done
    criterion = nn.CrossEntropyLoss()
    steps = run.options.epochs * steps_per_epoch
    bar = tqdm(range(done["steps"], steps), "mini-batches", steps, initial=done["steps"])
    for step in bar:
        images, labels = map(tn.from_numpy, run.supply.batch(BATCH))
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        done["steps"] = step + 1
        done["loss"] += loss.item() / steps_per_epoch
        if (step + 1) % steps_per_epoch == 0:
            run.scheduler.step()
            shares = [share_right(model, *test) for test in (run.unseen, run.held_out)]
            done["epochs"].append((done["loss"], *shares))
            done["loss"] = 0.0
            bar.set_postfix_str(f"{shares[0]:.2%} unseen, {shares[1]:.1%} held out")
            run.save()
        run.stop_if_asked()


def read(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """The index of the likeliest letter of each image."""
    with tn.no_grad():
        return model(tn.from_numpy(images)).numpy().argmax(1)


def share_right(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    return float((read(model, images) == labels).mean())


def draw(run: Run) -> None:
    """Write every picture, and say where."""
    out, names = run.options.out, list(letters.letters)
    guess, strange = read(run.model, run.unseen[0]), read(run.model, run.held_out[0])

    for file, title, (images, truth), answer in [
        ("letters.png", "Unseen renderings, and what they were read as", run.unseen, guess),
        ("held-out.png", "Typefaces never seen in training", run.held_out, strange),
    ]:
        pictures.readings(images[:78], truth[:78], answer[:78], names, out / file, title)
        file = f"confusion-{file}"
        pictures.confusion(truth, answer, names, out / file, title.partition(",")[0])

    for file, title, layer in [
        ("weights-article.png", "First layer, after the article's script", run.first_dense.module),
        ("weights.png", "First layer, after the mini-batches", run.model[1]),
    ]:
        weight = layer.weight.detach().numpy().reshape(-1, *letters.in_2d_shape)
        pictures.weight_grid(weight, out / file, title)

    loss, right = zip(*run.done["lessons"], strict=True)
    seen = [LESSON * (lesson + 1) for lesson in range(len(loss))]
    file, title = out / "curves-article.png", "The article's script, one letter at a time"
    pictures.curves({"loss": (seen, loss)}, {"right": (seen, right)}, file, title, "letters seen")
    loss, unseen, held_out = zip(*run.done["epochs"], strict=True)
    epochs = [epoch + 1 for epoch in range(len(loss))]
    shares = {"unseen renderings": (epochs, unseen), "held-out typefaces": (epochs, held_out)}
    pictures.curves({"loss": (epochs, loss)}, shares, out / "curves.png", "Mini-batches of 52")

    graph = tn.graph(run.system, tn.zeros(1, *letters.in_2d_shape))
    for suffix in ("dot", "svg"):
        tn.viz.save(graph, out / f"network.{suffix}")

    print(f"One at a time: {right[-1]:.0%} of the last {LESSON} letters, {seen[-1]:,} seen.")
    print(f"Mini-batches:  {unseen[-1]:.2%} of {len(guess):,} unseen renderings,")
    print(f"               {held_out[-1]:.2%} in typefaces never seen.")
    command_line.show_files(out)


def main(arguments: list[str] | None = None) -> None:
    parser = command_line.parser(__doc__, "ocr")
    parser.add_argument("--epochs", type=int, help="of 200 mini-batches (20)")
    parser.add_argument("--font-wheels", action="store_true", help="train on font-* wheels, too")
    parser.add_argument("--resume", action="store_true", help="go on, with the saved options")
    options = parser.parse_args(arguments)
    if options.epochs is None:
        options.epochs = 2 if options.quick else 20
    elif options.epochs < 1:
        parser.error(f"--epochs must be at least 1, got {options.epochs}")
    resumed = options.resume
    if resumed:
        folder = options.out / CHECKPOINTS
        saved = Checkpointer(folder).load() if folder.exists() else None
        if saved is None:
            parser.error(f"--resume finds no checkpoint in {folder}")
        options = argparse.Namespace(**saved["objects"]["options"] | {"out": options.out})
    run = Run(options)
    if resumed:
        run.restore()
    train_online(run, lessons=5 if options.quick else 100)
    train_in_batches(run, steps_per_epoch=10 if options.quick else 200)
    run.save()
    draw(run)


if __name__ == "__main__":
    main()
