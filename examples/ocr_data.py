"""The letters under the name that the article's notebooks import; all is in `letters`."""

from __future__ import annotations

from letters import (
    gen_data,
    in_2d_shape,
    in_size,
    indices,
    letters,
    letters_freq,
    out_shape,
    out_size,
    render_text,
    speech_like,
    tagged_2d_data,
    tagged_data,
)

__all__ = [
    "gen_data",
    "in_2d_shape",
    "in_size",
    "indices",
    "letters",
    "letters_freq",
    "out_shape",
    "out_size",
    "render_text",
    "speech_like",
    "tagged_2d_data",
    "tagged_data",
]
