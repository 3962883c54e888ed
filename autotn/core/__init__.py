"""The tape: Tensor, Op, Node, engine, modes. Knows no mathematics."""
