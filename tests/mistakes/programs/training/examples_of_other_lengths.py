"""Examples of different lengths in one batch."""

import autotn as tn
from autotn.utils.data import DataLoader

sentences = [tn.zeros(5), tn.zeros(7)]
next(iter(DataLoader(sentences, batch_size=2)))
