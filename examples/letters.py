"""Block letters A-Z as small grey images, drawn from typefaces that pip packages bring along.

The typefaces are matplotlib's TrueType files and Pillow's built-in Aileron; wheels named
``font-*`` (``font-roboto``, ``font-lato``, ...) add theirs when asked for. The split is by
*typeface*: what the held-out families show was never seen in training, whatever the offset.

Two ways in: :class:`Letters` draws whole batches, and the functions below it have the names of
the article's data module (``tagged_2d_data``, ``gen_data``, ``render_text``, ...). As there, two
letters are drawn side by side and the first is the label, so a narrow letter has a neighbour
that must be ignored. All randomness comes from the `numpy.random.Generator` given; nothing is
drawn or opened at import.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

letters = np.array(list(string.ascii_uppercase))
indices = {letter: index for index, letter in enumerate(string.ascii_uppercase)}
out_size = len(letters)
out_shape = (out_size,)
in_2d_shape = (32, 32)
in_size = 32 * 32

# How often a letter stands in a thousand letters of English, rounded; the rare ones at least once.
letters_freq = dict(E=127, T=91, A=82, O=75, I=70, N=67, S=63, H=61, R=60, D=43, L=40, C=28, U=28)
letters_freq |= dict(M=24, W=24, F=22, G=20, Y=20, P=19, B=15, V=10, K=8, J=2, X=2, Q=1, Z=1)

SIZES = range(27, 32)  # pixels per em: a letter fills most of the 32 rows
HELD_OUT = ("Aileron", "cm")  # families kept for testing, by the beginning of their names


class Face(NamedTuple):
    """A typeface: what it calls itself, and its file (none for Pillow's built-in one)."""

    name: str
    path: str | None

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font object of that size; opened once, since parsing costs more than drawing."""
        return _open(self.path, size)


@cache
def _open(path: str | None, size: int) -> ImageFont.FreeTypeFont:
    if path is not None:
        # The basic layout draws the same everywhere; the other engine is not in every Pillow.
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    built_in = ImageFont.load_default(size)
    if not isinstance(built_in, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType: install it from a wheel")
    return built_in


def is_letter_face(font: ImageFont.FreeTypeFont) -> bool:
    """Whether A-Z are letters in this font, as opposed to symbols, boxes or nothing at all.

    Each must leave ink, no two may look alike, and letters flat at the foot must stand on the
    base line, small ones too (a calligraphic symbol face has capitals but arrows below them).
    """
    masks = [font.getmask(letter) for letter in string.ascii_uppercase]
    if not all(mask.getbbox() for mask in masks):
        return False
    if len({(mask.size, bytes(mask)) for mask in masks}) < len(masks):
        return False
    feet = [font.getbbox(letter, anchor="ls")[3] for letter in "AEHMTXZhnx"]
    return all(abs(foot) <= 0.04 * font.size for foot in feet)


@cache
def all_faces(wheels: bool = False) -> tuple[Face, ...]:
    """Every letter face found, sorted by name; `wheels` adds those of installed ``font-*`` ones."""
    import matplotlib

    files = list(Path(matplotlib.get_data_path(), "fonts", "ttf").glob("*.ttf"))
    if wheels:
        for package in distributions():
            if package.metadata["Name"].replace("_", "-").startswith("font-"):
                files += [Path(str(package.locate_file(file))) for file in package.files or []]
    paths: list[str | None] = [str(f) for f in files if f.suffix in (".ttf", ".otf")]
    faces = []
    for path in [None, *paths]:
        font = _open(path, 32)
        if is_letter_face(font):
            faces.append(Face(" ".join(part for part in font.getname() if part), path))
    return tuple(sorted(faces, key=lambda face: face.name))


def split_faces(wheels: bool = False) -> tuple[tuple[Face, ...], tuple[Face, ...]]:
    """The typefaces for training and the held-out ones; whole families go to one side."""
    faces = all_faces(wheels)
    held_out = tuple(face for face in faces if face.name.startswith(HELD_OUT))
    return tuple(face for face in faces if face not in held_out), held_out


class Letters:
    """An endless supply of letters in the given typefaces, the same for the same seed.

    Parameters
    ----------
    faces : typefaces to draw in; the training ones of `split_faces` by default.
    seed : of ``self.rng``, whose ``bit_generator.state`` is all there is to save.
    """

    def __init__(self, faces: Sequence[Face] | None = None, seed: int = 0) -> None:
        self.faces = tuple(faces) if faces is not None else split_faces()[0]
        self.rng = np.random.default_rng(seed)

    def batch(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Images ``(n, 32, 32)`` float32 and labels ``(n,)`` int64, all letters equally often."""
        first = self.rng.integers(out_size)  # so that a remainder favours no letter
        labels = self.rng.permutation((first + np.arange(n)) % out_size)
        neighbours = self.rng.integers(out_size, size=n)
        images = np.empty((n, *in_2d_shape), np.float32)
        for image, first, second in zip(images, labels, neighbours, strict=True):
            font = pick_font(self.faces, self.rng)
            image[:] = jittered(letters[first] + letters[second], font, self.rng)
        return images, labels

    def tagged_2d_data(self, n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As the function of that name: `n` times truth and image, letters as in English."""
        return tagged_2d_data(n, faces=self.faces, rng=self.rng)


def pick_font(faces: Sequence[Face], rng: np.random.Generator) -> ImageFont.FreeTypeFont:
    """A random typeface of `faces` in a random size."""
    return faces[int(rng.integers(len(faces)))].at(int(rng.choice(SIZES)))


def jittered(
    txt: str,
    font: ImageFont.FreeTypeFont,
    rng: np.random.Generator | None,
    width: int = 32,
    height: int = 32,
) -> np.ndarray:
    """`txt` at a random offset of a few pixels, or in the middle of that range without `rng`.

    The ink of the first letter starts in columns 0 to 4, whatever hangs out on its left (the
    hook of an italic J), and its foot stands on rows 23 to 26: only wide bold letters lose a
    little at the right edge. Offsets are fractions of a pixel, so no two pictures are the same.
    """
    column, row = (2.0, 24.0) if rng is None else (rng.uniform(0, 4), rng.uniform(23, 26))
    x = column - font.getbbox(txt[0], anchor="ls")[0]
    top = row - font.getmetrics()[0]  # fonts differ in how much stands above the base line
    # Fonts are drawn at whole pixels; the rest of the way is a blend of two neighbours.
    (x, right), (top, down) = divmod(x, 1), divmod(top, 1)
    image = render_text(txt, (x + 1, top + 1), (width + 1, height + 1), font=font)
    image = (1 - right) * image[:, 1:] + right * image[:, :-1]
    return (1 - down) * image[1:] + down * image[:-1]


# ------------------------------------------------------------ the article's names


def render_text(
    txt: str,
    origin: tuple[float, float] = (2, -1),
    size: tuple[int, int] = (256, 16),
    render_scale: int = 1,
    font: ImageFont.FreeTypeFont | None = None,
    bg: float = 0,
    fg: float = 1,
) -> np.ndarray:
    """`txt` as a float32 image of `size` (width, height), with smooth edges from `bg` to `fg`.

    `origin` is the left upper corner of the text. With `render_scale` the picture is drawn that
    much larger and made small again; give a font that much larger, too.
    """
    big = (size[0] * render_scale, size[1] * render_scale)
    image = Image.new("L", big, 0)
    font = font if font is not None else split_faces()[0][0].at(16 * render_scale)
    corner = (origin[0] * render_scale, origin[1] * render_scale)
    ImageDraw.Draw(image).text(corner, txt, 255, font=font)
    if render_scale != 1:
        image = image.resize(size, Image.Resampling.LANCZOS)
    ink = np.asarray(image, np.float32) / 255
    return ink if (bg, fg) == (0, 1) else bg + (fg - bg) * ink


def speech_like(i: int, j: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """An ``(i, j)`` array of letters, each as likely as in English text."""
    weights = np.array([letters_freq[letter] for letter in letters], float)
    rng = rng if rng is not None else np.random.default_rng()
    return rng.choice(letters, size=(i, j), p=weights / weights.sum())


def gen_data(
    txt: str,
    width: int = 32,
    height: int = 32,
    font: ImageFont.FreeTypeFont | None = None,
    flat: bool = False,
    shuffle: bool = True,
    rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """One-hot truth of the first letter, and the image; `shuffle` moves it by a random offset."""
    rng = rng if rng is not None else np.random.default_rng()
    if font is None:
        font = pick_font(split_faces()[0], rng)
    truth = np.zeros(out_shape, np.float32)
    truth[indices[txt[0]]] = 1
    image = jittered(txt, font, rng if shuffle else None, width, height)
    return truth, image.ravel() if flat else image


def tagged_2d_data(
    n: int, faces: Sequence[Face] | None = None, rng: np.random.Generator | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`n` pairs of one-hot truth ``(26,)`` and image ``(32, 32)``, one at a time."""
    rng = rng if rng is not None else np.random.default_rng()
    faces = faces if faces is not None else split_faces()[0]
    for pair in speech_like(n, 2, rng):
        yield gen_data("".join(pair), font=pick_font(faces, rng), rng=rng)


def tagged_data(
    n: int, faces: Sequence[Face] | None = None, rng: np.random.Generator | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """As `tagged_2d_data`, with the images flattened to ``(1024,)``."""
    return ((truth, image.ravel()) for truth, image in tagged_2d_data(n, faces, rng))
