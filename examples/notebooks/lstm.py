# %% [markdown]
# # Letters, read by an LSTM
#
# An LSTM reads the image row by row and decides by gates what to forget, what to learn and what to show of its memory.
# (In the package of 2020 the gate that learns was computed and used nowhere, and the gate that forgets never trained.)

# %%
from __future__ import annotations

import os
import sys

sys.path.insert(0, "..")  # the modules the examples share

import letters
import matplotlib.pyplot as plt
import numpy as np

import autotn as tn

quick = bool(os.environ.get("QUICK"))
tn.manual_seed(0)
plt.rcParams["figure.dpi"] = 72

# %%
face = [face for face in letters.all_faces() if face.name == "DejaVu Sans Book"]
supply = letters.Letters(face, seed=0)
x = tn.Input((32, 32))()
first = tn.LSTM(20)(x)
second = tn.LSTM(20)(first)
y = tn.Dense((26,), activation=tn.Sigmoid())(second)
s = tn.System(inputs=[x], outputs=[y])
for part in (x, first, second, y):
    print(part)

# %% [markdown]
# The slots of `LSTM` are all states, the last one, and the last memory; the next layer takes the first slot if nothing
# else is said.

# %%
for part in (first, second):
    print(part.name, [net.weights.shape for net in part.layer])

# %% [markdown]
# ## Learning

# %%
steps, right = (3 if quick else 600), []
for step in range(steps):
    images, index = supply.batch(52)
    (guess,), state = s.guess([images], return_state=True)
    s.learn(state, [np.eye(26)[index]], method="adam", scale=1e-2 * (1 - step / steps), loss="ce")
    right.append((guess.argmax(1) == index).mean())
plt.figure(figsize=(6, 2.6))
plt.plot(np.convolve(right, np.ones(20) / 20, mode="valid") if steps > 20 else right)
plt.xlabel("batches of 52 letters")
plt.ylabel("share right")
plt.show()

images, index = letters.Letters(face, seed=1).batch(260 if quick else 2600)
guess = s.guess([images])[0].argmax(1)
print(f"{(guess == index).mean():.1%} of {len(index)} unseen letters")

# %% [markdown]
# ## The states, row after row
#
# What the second layer remembers while it reads an A, an E and an M: one column for each of its numbers.

# %%
chosen = [int(np.flatnonzero(index == letter)[0]) for letter in (0, 4, 12)]
(_, state) = s.guess([images[chosen]], return_state=True)
states = np.asarray(state[s.parts.index(second)][0])
figure, axes = plt.subplots(1, 6, figsize=(9, 2.8), width_ratios=[1, 0.7] * 3)
for k, place in enumerate(chosen):
    axes[2 * k].imshow(images[place], cmap="gray")
    axes[2 * k + 1].imshow(states[k], cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    axes[2 * k].axis("off")
    axes[2 * k + 1].axis("off")
plt.show()

# %% [markdown]
# ## What speaks for each letter
#
# The weights of the last layer as images: 32 rows of the letter by 20 numbers of the state.

# %%
maps = y.layer[0].weights.reshape(26, 32, 20)
figure, axes = plt.subplots(2, 13, figsize=(10, 3.2))
for letter, place in enumerate(axes.flat):
    place.imshow(maps[letter], cmap="RdBu")
    place.set(xticks=[], yticks=[], xlabel=letters.letters[letter])
plt.show()

# %% [markdown]
# ## The gates
#
# `s.parts` spells the layers out, row by row, on the weights that all rows share. Every row has four dense layers, read
# by what they are multiplied with: to forget, to learn, to show; the fourth makes the news to be learned.

# %%
print(len(s.parts), "parts,", sum(part.name == "Clone(Dense)" for part in s.parts), "of them dense")
figure, axes = plt.subplots(1, 4, figsize=(10, 2))
for name, net, place in zip(
    ("forget", "learn", "release", "info"), second.layer, axes, strict=True
):
    place.imshow(net.weights, cmap="RdBu")
    place.set(xticks=[], yticks=[], xlabel=name)
plt.show()
