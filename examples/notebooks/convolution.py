# %% [markdown]
# # Letters, read by convolutions
#
# Three convolutions with kernels of 5 × 5 and five channels each, then a dense layer. A kernel sees every place of the
# image with the same weights, so it need not learn an edge anew for each place. (The package of 2020 lost the gradient
# on its way through a convolution: all but the last one kept their random weights. Here all of them learn.)

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

# %% [markdown]
# `Conv` takes the shape of the kernel and the shape of what it gives at each place. `pad=True` keeps the size.

# %%
layer = x = tn.Input((32, 32))()
convolutions = []
for _ in range(3):
    layer = tn.Conv((5, 5), (5,), kernel_stride=(1, 1), pad=True)(layer)
    convolutions.append(layer)
y = tn.Dense((26,), activation=tn.Sigmoid())(layer)
print(x, *convolutions, y, sep="\n")
s = tn.System(inputs=[x], outputs=[y])

# %% [markdown]
# ## Learning in small batches
#
# A leading batch axis makes a step faster than as many single ones. The loss `"ce"` is the cross-entropy.

# %%
before = [c.module.weight.detach().clone() for c in convolutions]
steps, right = (3 if quick else 250), []
for step in range(steps):
    images, index = supply.batch(52)
    (guess,), state = s.guess([images], return_state=True)
    s.learn(state, [np.eye(26)[index]], method="adam", scale=5e-3 * (1 - step / steps), loss="ce")
    right.append((guess.argmax(1) == index).mean())
plt.figure(figsize=(6, 2.6))
plt.plot(right)
plt.xlabel("batches of 52 letters")
plt.ylabel("share right")
plt.show()

images, index = letters.Letters(face, seed=1).batch(260 if quick else 2600)
guess = s.guess([images])[0].argmax(1)
print(f"{(guess == index).mean():.1%} of {len(index)} unseen letters")
for number, (c, old) in enumerate(zip(convolutions, before, strict=True)):
    print(f"convolution {number} moved by {float((c.module.weight - old).norm()):.2f}")

# %% [markdown]
# ## The kernels of the first convolution
#
# Blue speaks for a bright pixel, red against it: edges and corners in several directions.

# %%
kernels = convolutions[0].layer[0].weights.reshape(5, 5, 5)
figure, axes = plt.subplots(1, 5, figsize=(7, 1.6))
for place, kernel in zip(axes, kernels, strict=True):
    place.imshow(kernel, cmap="RdBu", vmin=-abs(kernels).max(), vmax=abs(kernels).max())
    place.axis("off")
plt.show()

# %% [markdown]
# ## What speaks for a letter
#
# The last layer has a map for each letter and channel; here those of the first four letters.

# %%
maps = y.layer[0].weights.reshape(26, 32, 32, 5)
figure, axes = plt.subplots(4, 5, figsize=(7, 5.6))
for letter, row in enumerate(axes):
    for channel, place in enumerate(row):
        place.imshow(maps[letter, :, :, channel], cmap="RdBu")
        place.set(xticks=[], yticks=[], ylabel=letters.letters[letter] if channel == 0 else None)
plt.show()
