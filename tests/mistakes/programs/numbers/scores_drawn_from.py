"""Scores that were never made probabilities are drawn from."""

import autotn as tn

scores = tn.tensor([[0.5, 1.5], [-0.1, 2.0]])
tn.multinomial(scores, 1)
