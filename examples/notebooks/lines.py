# %% [markdown]
# # Whole lines of text
#
# Two networks read a line of coloured text. The first looks through a window and marks the columns where a character
# begins; it slides over the line, and its opinions are averaged. The second names the character in each piece. The
# networks, the data and the reading are those of `examples/line_ocr.py`.

# %%
from __future__ import annotations

import os
import sys

sys.path.insert(0, "..")  # the modules the examples share

import matplotlib.pyplot as plt
import numpy as np
from line_ocr import characters, networks, read, train, windows
from text_lines import draw_line, random_text

import autotn as tn

quick = bool(os.environ.get("QUICK"))
tn.manual_seed(0)
plt.rcParams["figure.dpi"] = 72
rng = np.random.default_rng(0)

# %% [markdown]
# ## Lines

# %%
figure, axes = plt.subplots(3, 1, figsize=(9, 2.4))
for place in axes:
    text = random_text(rng)
    image, starts = draw_line(text, rng)
    place.imshow(image.swapaxes(0, 1).clip(0, 1))
    place.vlines(starts, 0, image.shape[1] - 1, colors="white", linewidth=0.6)
    place.axis("off")
plt.show()

# %% [markdown]
# ## The networks

# %%
splitter, reader = networks()

# %% [markdown]
# ## Learning

# %%
batches = 3 if quick else 2000
errors = {
    "begins": train(splitter, windows, batches, rng, "where characters begin"),
    "names": train(reader, characters, batches, rng, "which they are"),
}
plt.figure(figsize=(6, 2.8))
for name, values in errors.items():
    plt.semilogy(values, label=name)
plt.xlabel("batches of 128")
plt.ylabel("absolute error")
plt.legend()
plt.show()

# %% [markdown]
# ## Reading

# %%
lines = [random_text(rng) for _ in range(3 if quick else 60)]
answers = [read(draw_line(text, rng)[0], splitter, reader) for text in lines]
for text, answer in list(zip(lines, answers, strict=True))[:8]:
    print(text)
    print(answer, "✓" if text == answer else "✗", end="\n\n")
print(
    f"{np.mean([t == a for t, a in zip(lines, answers, strict=True)]):.0%} of the lines without a mistake"
)
