"""Words of the floors above, found when first said.

A tensor shows itself in a notebook, a graph saves itself as a picture: the words stand on the object, the work
is done by rooms on upper floors, which are loaded only then.
"""

from __future__ import annotations

import importlib
from typing import Any


def upstairs(room: str, name: str) -> Any:
    """The object `name` of a room of the package, loaded now if it was not yet."""
    return getattr(importlib.import_module(f"autotn.{room}"), name)
