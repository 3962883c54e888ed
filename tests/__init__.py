"""The tests: one folder per room of the package, and what holds for the house as a whole."""
