"""PyTorch's ``utils``: data loading and checkpoints."""
