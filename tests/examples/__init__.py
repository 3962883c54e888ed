"""The examples, run as a user runs them."""

from __future__ import annotations
