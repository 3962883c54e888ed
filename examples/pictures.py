"""The pictures the examples write, drawn with matplotlib and saved as PNG files.

Colours come from the palette of Okabe and Ito (2008), which people with colour-blind eyes can
tell apart; lines also differ in dash and marker. A file is complete or not there: it is written
beside its final name and then moved.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, BLACK = "#56B4E9", "#000000"
STYLES = [
    (BLUE, "-", "o"),
    (ORANGE, "--", "s"),
    (GREEN, "-.", "^"),
    (PURPLE, ":", "D"),
    (SKY, (0, (7, 2)), "v"),
    (BLACK, (0, (1, 1)), "x"),
]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches, independent of any window or notebook."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: str | Path, dpi: int = 120) -> Path:
    """Write the figure as a PNG file, whole or not at all; returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        figure.savefig(unfinished, format="png", dpi=dpi)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def mosaic(tiles: np.ndarray, columns: int, gap: float = np.nan) -> np.ndarray:
    """Tiles ``(n, h, w)`` as one image, row by row, with a pixel of `gap` between them."""
    n, height, width = tiles.shape
    rows = -(-n // columns)
    sheet = np.full((rows * columns, height + 1, width + 1), gap, np.float64)
    sheet[:n, :height, :width] = tiles
    sheet = sheet.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return sheet.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]


def weight_grid(weights: np.ndarray, path: str | Path, title: str, columns: int = 0) -> Path:
    """One small image per neuron: what it looks for (blue) and what speaks against it (red)."""
    weights = np.asarray(weights)
    columns = columns or int(np.ceil(np.sqrt(len(weights))))
    sheet = mosaic(weights, columns)
    figure = new_figure(9, 7.7 * sheet.shape[0] / sheet.shape[1] + 0.5)
    axes = figure.add_subplot()
    # A few strong weights must not fade all others: the scale ends at the 99.5th percentile.
    limit = float(np.percentile(np.abs(weights), 99.5)) or 1.0
    shown = axes.imshow(sheet, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()
    bar = figure.colorbar(shown, ax=axes, extend="both", shrink=0.6, label="weight")
    bar.ax.tick_params(labelsize=8)
    return save(figure, path, dpi=150)


def plot_lines(
    axes: Axes, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], legend: bool = True
) -> None:
    """Draw named ``(x, y)`` lines, each in its own colour, dash and marker, with a legend."""
    if len(lines) > len(STYLES):
        raise ValueError(
            f"{len(lines)} lines in one panel; at most {len(STYLES)} can be told apart"
        )
    for (name, (x, y)), (colour, dash, marker) in zip(lines.items(), STYLES, strict=False):
        mark = marker if len(x) <= 40 else None
        axes.plot(x, y, color=colour, linestyle=dash, marker=mark, markersize=4, label=name)
    axes.grid(alpha=0.3)
    if legend and len(lines) > 1:
        axes.legend()


def curves(
    loss: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    accuracy: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: str | Path,
    title: str,
    xlabel: str = "epoch",
) -> Path:
    """Loss (logarithmic) above accuracy (per cent), over the same axis."""
    figure = new_figure(8, 6.5)
    top, bottom = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title)
    plot_lines(top, loss)
    top.set(ylabel="loss", yscale="log")
    plot_lines(bottom, accuracy)
    bottom.set(ylabel="accuracy", xlabel=xlabel)
    bottom.yaxis.set_major_formatter(PercentFormatter(1.0))
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    return save(figure, path)


def line_plot(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: str | Path,
    title: str,
    xlabel: str,
    ylabel: str,
    yscale: str = "linear",
) -> Path:
    """One labelled panel of named ``(x, y)`` lines."""
    figure = new_figure(8, 4.5)
    axes = figure.add_subplot()
    plot_lines(axes, lines)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    return save(figure, path)


def confusion(
    truth: np.ndarray, guess: np.ndarray, names: Sequence[str], path: str | Path, title: str
) -> Path:
    """How often each class (row) was taken for each (column), with the mistakes as numbers.

    The shade is the share of the row, so that rare mistakes stay visible beside many hits.
    """
    n = len(names)
    counts = np.zeros((n, n), np.int64)
    np.add.at(counts, (truth, guess), 1)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    size = 3 + 0.3 * n
    figure = new_figure(size + 1, size)
    axes = figure.add_subplot()
    shown = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    # The diagonal needs no number: the row's share tells it. Small figures stay readable.
    for row, column in np.argwhere(counts - np.diag(np.diag(counts))):
        colour = "white" if share[row, column] > 0.5 else "black"
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(n), names)
    axes.set_yticks(range(n), names)
    accuracy = np.trace(counts) / max(counts.sum(), 1)
    axes.set(xlabel="read as", ylabel="truth", title=f"{title}: {accuracy:.2%} right")
    bar = figure.colorbar(shown, ax=axes, shrink=0.7, label="share of the row")
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    return save(figure, path)


def contact_sheet(
    images: np.ndarray,
    path: str | Path,
    title: str,
    captions: Sequence[str] | None = None,
    columns: int = 13,
    wrong: Sequence[bool] | None = None,
    size: float = 0.62,
) -> Path:
    """Images side by side, `size` inches each, with captions; `wrong` ones get a frame."""
    rows = max(1, -(-len(images) // columns))
    space = size if captions is None else size + 0.2
    figure = new_figure(columns * size + 0.2, rows * space + 0.5)
    figure.suptitle(title)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for index, (axes, image) in enumerate(zip(grid, images, strict=False)):
        axes.imshow(image, cmap="gray", interpolation="nearest")
        bad = wrong is not None and wrong[index]
        if captions is not None:
            axes.set_title(captions[index], fontsize=8, color=ORANGE if bad else BLACK, pad=2)
        if bad:
            axes.set_axis_on()
            axes.set(xticks=[], yticks=[])
            for side in axes.spines.values():
                side.set(color=ORANGE, linewidth=2)
    return save(figure, path)


def readings(
    images: np.ndarray,
    truth: np.ndarray,
    guess: np.ndarray,
    names: Sequence[str],
    path: str | Path,
    title: str,
) -> Path:
    """A contact sheet in the order of the truth; what was read wrongly says as what."""
    order = np.argsort(truth, kind="stable")
    captions = [
        names[t] if t == g else f"{names[t]} → {names[g]}"
        for t, g in zip(truth[order], guess[order], strict=True)
    ]
    return contact_sheet(images[order], path, title, captions, wrong=list((truth != guess)[order]))


def heat_map(
    values: np.ndarray,
    path: str | Path,
    title: str,
    xlabel: str,
    ylabel: str,
    label: str,
    low: float | None = None,
    high: float | None = None,
    extent: tuple[float, float, float, float] | None = None,
) -> Path:
    """A matrix as colours; `extent` is (left, right, bottom, top), else rows count downwards."""
    figure = new_figure(6.5, 5)
    axes = figure.add_subplot()
    shown = axes.imshow(
        values,
        cmap="RdBu" if low is not None and low < 0 else "viridis",
        vmin=low,
        vmax=high,
        extent=extent,
        origin="upper" if extent is None else "lower",
        aspect="auto",
        interpolation="nearest",
    )
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    figure.colorbar(shown, ax=axes, label=label)
    return save(figure, path)


def named_points(
    points: np.ndarray, kind: np.ndarray, names: Sequence[str], path: str | Path, title: str
) -> Path:
    """Points ``(n, 2)`` of the plane, each drawn as the name of its kind."""
    figure = new_figure(7.5, 7)
    axes = figure.add_subplot()
    axes.scatter(points[:, 0], points[:, 1], s=0)  # sets the limits; the names are the marks
    for (x, y), index in zip(points, kind, strict=True):
        colour = STYLES[index % len(STYLES)][0]
        axes.text(x, y, names[index], color=colour, fontsize=8, ha="center", va="center")
    axes.set(title=title, xlabel="first coordinate", ylabel="second coordinate")
    axes.grid(alpha=0.3)
    return save(figure, path)


def histogram(
    groups: Mapping[str, np.ndarray], path: str | Path, title: str, xlabel: str, ylabel: str
) -> Path:
    """How the values of each group are spread; counts are logarithmic, so that few still show."""
    figure = new_figure(8, 4.5)
    axes = figure.add_subplot()
    edges = np.histogram_bin_edges(np.concatenate(list(groups.values())), 40).tolist()
    for (name, values), (colour, dash, _) in zip(groups.items(), STYLES, strict=False):
        axes.hist(
            values, edges, histtype="step", label=name, color=colour, linestyle=dash, linewidth=2
        )
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    return save(figure, path)
