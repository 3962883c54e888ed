"""Lines of coloured text as small images; no font is opened at import."""

from __future__ import annotations

from functools import cache

import letters
import numpy as np

CHARACTERS = [chr(code) for code in range(33, 127)]
WIDTH, HEIGHT, PIECE = 256, 16, 16


@cache
def glyph(character: str) -> tuple[np.ndarray, int, int]:
    """Ink ``(columns, rows)``, its distance from the pen, and how far the pen goes on."""
    font = next(face for face in letters.all_faces() if face.name == "DejaVu Sans Book").at(12)
    left, _, right, _ = font.getbbox(character, anchor="ls")
    columns = max(1, int(right - left))
    ink = letters.render_text(character, (-left, 0), (columns, HEIGHT), font=font)
    return ink.T, int(left), round(font.getlength(character))


def draw_line(text: str, rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
    """The image ``(256, 16, 3)`` of a line in random colours, and where each character begins.

    Columns come first, as the networks read: from left to right.
    """
    ink, starts = np.zeros((WIDTH, HEIGHT), np.float32), []
    pen, down = int(rng.integers(2, 7)), int(rng.integers(-1, 2))
    for character in text:
        shape, left, advance = glyph(character)
        if character != " ":
            starts.append(pen + left)
            place = ink[starts[-1] : starts[-1] + len(shape)]
            np.maximum(place, np.roll(shape, down, axis=1)[: len(place)], out=place)
        pen += advance
    paper, colour = rng.uniform(0, 0.3, 3), rng.uniform(0.5, 1, 3)
    image = paper + (colour - paper) * ink[..., None] + rng.normal(0, 0.03, (WIDTH, HEIGHT, 3))
    return image.astype(np.float32), starts


def random_text(rng: np.random.Generator, length: int = 20) -> str:
    """Characters without any sense, so that nothing can be guessed; some blanks among them."""
    text = "".join(rng.choice(CHARACTERS, length))
    return "".join(" " if blank else c for c, blank in zip(text, rng.random(length) < 0.15)).strip()


def pieces(image: np.ndarray, starts: list[int]) -> np.ndarray:
    """What stands between one start and the next, each ``(16, 16, 3)`` and filled up with paper."""
    found = np.empty((len(starts), PIECE, HEIGHT, 3), np.float32)
    found[:] = np.median(image, axis=(0, 1))
    for piece, start, end in zip(found, starts, [*starts[1:], WIDTH], strict=True):
        end = min(end, start + PIECE)
        piece[: end - start] = image[start:end]
    return found
