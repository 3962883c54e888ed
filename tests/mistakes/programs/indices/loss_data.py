"""An old script reads a loss as loss.data[0]."""

import autotn as tn

prediction = tn.tensor([0.5, 1.0], requires_grad=True)
loss = ((prediction - 1) ** 2).mean()
shown = f"loss {loss.data[0]:.3f}"
