# %% [markdown]
# # Letters, read by dense layers
#
# The network of the article: an image of 32 × 32 pixels goes through two layers of 15 × 15 neurons to 26
# outputs, one for each letter. It learns *online*: one letter at a time, guess, compare, learn.

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

# %% [markdown]
# ## The data
#
# Block letters in one typeface, placed at random in the frame. `Letters` draws as many as wanted.

# %%
face = [face for face in letters.all_faces() if face.name == "DejaVu Sans Book"]
supply = letters.Letters(face, seed=0)
images, index = supply.batch(26)
figure, axes = plt.subplots(2, 13, figsize=(10, 1.8))
for place, image in zip(axes.flat, images[np.argsort(index)], strict=True):
    place.imshow(image, cmap="gray")
    place.axis("off")
plt.show()

# %% [markdown]
# ## The network
#
# A structure called on an instance gives the next instance; printed, it shows the shapes it goes from and to.

# %%
x = tn.Input((32, 32))()
h1 = tn.Dense((15, 15), activation=tn.Tanh())(x)
h2 = tn.Dense((15, 15), activation=tn.Tanh())(h1)
y = tn.Dense((26,), activation=tn.Sigmoid())(h2)
print(x, h1, h2, y, sep="\n")
s = tn.System(inputs=[x], outputs=[y])

# %% [markdown]
# ## Learning, letter by letter

# %%
letters_seen, right = (60 if quick else 3000), []
for truth, image in supply.tagged_2d_data(letters_seen):
    guess, state = s.guess([image], return_state=True)
    s.learn(state, [truth], method="adam", scale=1e-3, loss="ce")
    right.append(guess[0].argmax() == truth.argmax())

window = 20 if quick else 250
share = np.convolve(right, np.ones(window) / window, mode="valid")
plt.figure(figsize=(6, 2.6))
plt.plot(np.arange(len(share)) + window, share)
plt.xlabel("letters seen")
plt.ylabel(f"right, of the last {window}")
plt.show()

# %% [markdown]
# ## Learning in batches
#
# Single letters are a noisy guide. A leading batch axis lets the same network learn from 52 at once, with a rate that
# falls to nothing: it sees ten times as many letters in about the same time.

# %%
steps = 3 if quick else 600
for step in range(steps):
    images, index = supply.batch(52)
    guess, state = s.guess([images], return_state=True)
    s.learn(state, [np.eye(26)[index]], method="adam", scale=3e-3 * (1 - step / steps), loss="ce")

# %% [markdown]
# ## How well does it read what it has not seen?

# %%
images, index = letters.Letters(face, seed=1).batch(2600)
guess = s.guess([images])[0].argmax(1)
print(f"{(guess == index).mean():.1%} of {len(index)} unseen letters")

# %% [markdown]
# ## What the first layer looks for
#
# Every neuron of the first layer has a weight for each pixel: an image. Where it is blue a bright pixel excites the
# neuron, where it is red it calms it. Under the noise of the random start, parts of letters appear.

# %%
weights = h1.layer[0].weights.reshape(225, 32, 32)
figure, axes = plt.subplots(5, 15, figsize=(10, 3.6))
for place, weight in zip(axes.flat, weights, strict=False):
    place.imshow(weight, cmap="RdBu", vmin=-0.15, vmax=0.15)
    place.axis("off")
plt.show()
