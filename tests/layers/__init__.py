"""Modules: the tree, hooks, state, containers, and every layer against PyTorch's."""
