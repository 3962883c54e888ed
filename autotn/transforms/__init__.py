"""Function transforms: what becomes of an op call in forward mode and under vmap."""
