"""``nn.utils``: clipping, vectors, packed sequences, parametrizations, pruning."""
