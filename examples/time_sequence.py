"""An LSTM continues waves it has heard the beginning of, trained by L-BFGS.

Each sequence mixes two sines in its own proportion and phases. The network learns to say the next
value from those so far, through a little noise; to continue a wave, it listens to its own answers.
L-BFGS asks for the loss several times a step, so the training step is a closure.
"""

from __future__ import annotations

import command_line
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F


class Forecaster(nn.Module):
    """Next value of each sequence ``(batch, time)``, and the state to go on from."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, size, batch_first=True)
        self.out = nn.Linear(size, 1)

    def forward(
        self, values: tn.Tensor, state: tuple[tn.Tensor, tn.Tensor] | None = None
    ) -> tuple[tn.Tensor, tuple[tn.Tensor, tn.Tensor]]:
        hidden, state = self.lstm(values.unsqueeze(-1), state)
        return self.out(hidden).squeeze(-1), state

    @tn.no_grad()
    def go_on(self, values: tn.Tensor, count: int) -> tn.Tensor:
        """`count` more values, each fed back as if it had been heard."""
        answer, state = self(values)
        said = [answer[:, -1:]]
        for _ in range(count - 1):
            answer, state = self(said[-1], state)
            said.append(answer)
        return tn.cat(said, dim=1)


def waves(n: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """`n` mixtures of a slow and a fast sine, ``(n, length)`` float32."""
    share = rng.uniform(0.4, 0.7, (n, 1))
    a, b = rng.uniform(0, 2 * np.pi, (2, n, 1))
    t = 2 * np.pi * np.arange(length)
    sound = share * np.sin(t / 40 + a) + (1 - share) * np.sin(t / 12.5 + b)
    return sound.astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "time_sequence").parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    heard, ahead, size, steps = (20, 10, 8, 2) if options.quick else (120, 80, 32, 25)
    clean = tn.from_numpy(waves(8 if options.quick else 64, heard + 1, rng))
    noisy = clean + 0.03 * tn.randn(clean.shape)  # its own answers will not be perfect, either
    test = waves(16, heard + ahead, rng)
    test_heard, truth = tn.from_numpy(test[:, :heard]), test[:, heard:]

    model = Forecaster(size)
    optimizer = optim.LBFGS(model.parameters(), lr=1.0, max_iter=10, line_search_fn="strong_wolfe")

    def closure() -> tn.Tensor:
        optimizer.zero_grad()
        guess, _ = model(noisy[:, :-1])
        # The first values cannot be guessed: the phases are not known yet.
        loss = F.mse_loss(guess[:, heard // 4 :], clean[:, heard // 4 + 1 :])
        loss.backward()
        return loss

    losses, errors = [], []
    for _ in (bar := tqdm(range(steps), "L-BFGS steps")):
        losses.append(optimizer.step(closure).item())
        errors.append(float(((model.go_on(test_heard, ahead).numpy() - truth) ** 2).mean()))
        bar.set_postfix_str(f"loss {losses[-1]:.2e}, continued {errors[-1]:.2e}")

    said = model.go_on(test_heard, ahead).numpy()
    print(f"Mean square error over {ahead} values ahead: {((said - truth) ** 2).mean():.4f}")
    print(f"Silence would have made:             {(truth**2).mean():.4f}")
    step = list(range(1, steps + 1))
    lines = {"next value, training": (step, losses), "all that follows, test": (step, errors)}
    file, title = options.out / "loss.png", "Mean square error"
    pictures.line_plot(lines, file, title, "L-BFGS step", "error", "log")
    figure = pictures.new_figure(9, 6)
    time = list(range(heard + ahead))
    for index, axes in enumerate(figure.subplots(3, 1, sharex=True, sharey=True)):
        lines = {
            "heard": (time[:heard], test[index, :heard].tolist()),
            "continued": (time[heard:], said[index].tolist()),
            "truth": (time[heard:], truth[index].tolist()),
        }
        pictures.plot_lines(axes, lines, legend=False)
        axes.set(ylabel="value")
    axes.set(xlabel="time")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle("Waves and how the network continues them")
    pictures.save(figure, options.out / "waves.png")
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
