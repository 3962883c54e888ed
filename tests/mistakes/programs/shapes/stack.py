"""Sentences of different lengths stacked."""

import autotn as tn

sentences = [tn.zeros(5), tn.zeros(7), tn.zeros(5)]
tn.stack(sentences)
