# %% [markdown]
# # Letters, read by residual layers
#
# `ResWrap` adds to a layer a way around it: what comes out is the input plus a correction. The gradient has a way
# around as well, so that deep networks of such layers learn. (In the package of 2020 nothing before the last layer
# learned at all, because its final activation let no gradient through.)

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
layer = x = tn.Input((32, 32))()
wrapped = []
for _ in range(2):
    layer = tn.ResWrap(tn.Dense((32, 32), activation=tn.ReLU()))(layer)
    wrapped.append(layer)
y = tn.Dense((26,), activation=tn.Sigmoid())(layer)
s = tn.System(inputs=[x], outputs=[y])
print("\n".join(f"{k}: {part}" for k, part in enumerate(s.parts)))

# %% [markdown]
# Each `ResWrap` has a layer (its cell), a dense layer that brings the result to the shape of the input, and a sum. The
# parts are numbered from the output back.

# %% [markdown]
# ## Learning

# %%
steps, right = (3 if quick else 200), []
for step in range(steps):
    images, index = supply.batch(52)
    (guess,), state = s.guess([images], return_state=True)
    s.learn(state, [np.eye(26)[index]], method="adam", scale=1e-3 * (1 - step / steps), loss="ce")
    right.append((guess.argmax(1) == index).mean())
plt.figure(figsize=(6, 2.6))
plt.plot(right)
plt.xlabel("batches of 52 letters")
plt.ylabel("share right")
plt.show()

images, index = letters.Letters(face, seed=1).batch(260 if quick else 2600)
guess = s.guess([images])[0].argmax(1)
print(f"{(guess == index).mean():.1%} of {len(index)} unseen letters")

# %% [markdown]
# ## What the layers do to an image
#
# The output of each residual layer has the shape of the image, so it can be looked at.

# %%
(_, state) = s.guess([images[:8]], return_state=True)
stages = [images[:8], *(state[s.parts.index(part)][0] for part in wrapped)]
figure, axes = plt.subplots(3, 8, figsize=(9, 3.6))
for row, stage, name in zip(axes, stages, ["input", "after one", "after two"], strict=True):
    for place, picture in zip(row, np.asarray(stage), strict=True):
        place.imshow(picture, cmap="gray")
        place.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
plt.show()

# %% [markdown]
# ## Keeping the weights
#
# Several checkpoints fit into one file; a network of the same layers reads them.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "letters.safetensors"
    s.save_weights(file, checkpoint="after training")
    layer = again = tn.Input((32, 32))()
    for _ in range(2):
        layer = tn.ResWrap(tn.Dense((32, 32), activation=tn.ReLU()))(layer)
    other = tn.System([again], [tn.Dense((26,), activation=tn.Sigmoid())(layer)])
    other.load_weights(file, checkpoint="after training")
print(f"{(other.guess([images])[0].argmax(1) == guess).mean():.0%} of the answers are the same")
