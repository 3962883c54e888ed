"""The nested clusters of a scene: modules, repetitions with their turns, and groups where there is a crowd.

Each stay in a module is a cluster of its own, so that no line leads back into one. Three or more neighbours of
one structure (blocks in a row, the steps of a loop) stand in a cluster around them; the page shows one of its turns
at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotn.ir.graph import Call, Graph
from autotn.viz.folding import Folder, Item, title_of, tree_of

#: More boxes than this directly in one cluster are put into groups of `GROUP`.
CROWD = 80
GROUP = 40
#: So many neighbours of one structure are a repetition: of two, one would only hide the other.
REPEATED = 3


class Clusters:
    """The clusters of some calls of a graph: `rows` in order, each after the one around it, and `home` of each call."""

    def __init__(self, graph: Graph, calls: Sequence[Call]) -> None:
        self.graph = graph
        self.rows: list[dict[str, Any]] = []
        self.home: dict[int, int] = {}
        self._inside: dict[int, list[tuple[str, int]]] = {-1: []}
        root = tree_of(calls)
        Folder(graph).fold(root, every_turn=True)
        self._place(root)
        self._group_crowds()
        self._in_order()

    def around(self, cluster: int) -> list[int]:
        """A cluster and those around it, from the inside out; groups inside a repetition are left out."""
        found = []
        while cluster >= 0:
            found.append(cluster)
            row = self.rows[cluster]
            cluster = row.get("of", row["up"])
        return found

    def home_of_shared(self, cluster: int, readers: Sequence[int]) -> int:
        """Where a value stands that `cluster` reads first: outside of the turns of which several read it."""
        around = [set(self.around(self.home[c])) for c in readers]
        found = cluster
        for turn in self.around(cluster):
            repetition = self.rows[turn].get("of")
            if repetition is not None and not all(turn in one for one in around):
                found = repetition
        return found

    # -- making -----------------------------------------------------------------------------------

    def _place(self, root: Item) -> None:
        """Make clusters of the items of a tree."""
        waiting = [(-1, root.inside, False)]
        while waiting:
            at, items, is_turn = waiting.pop()
            # What is next comes last; an item that is one turn of a repetition is not repeated again.
            todo = [(i, is_turn and i is items[0]) for i in reversed(items)]
            while todo:
                item, is_turn = todo.pop()
                if len(item.turns) >= REPEATED and not is_turn:
                    waiting += self._repetition(at, item)
                elif item.turns and not is_turn:
                    for turn in reversed(item.turns):
                        todo += [(i, i is turn[0]) for i in reversed(turn)]
                elif item.kind == "call":
                    self._put(at, "call", item.calls[0].id)
                else:
                    waiting.append((self._module(at, item), item.inside, False))

    def _repetition(self, at: int, item: Item) -> list[tuple[int, list[Item], bool]]:
        """A cluster around all turns, and what is to be placed in each."""
        around = self._cluster(at, title_of(item))
        placed = []
        for k, turn in enumerate(item.turns):
            if len(turn) == 1 and turn[0].kind == "module":
                made = self._module(around, turn[0])
                placed.append((made, turn[0].inside, False))
            else:
                made = self._cluster(around, f"turn {k + 1} of {len(item.turns):,}")
                placed.append((made, turn, True))
            self.rows[made]["of"] = around
        return placed

    def _module(self, at: int, item: Item) -> int:
        """A cluster for one stay in a module."""
        call = item.calls[0]
        visit = call.visits[item.depth] if item.depth < len(call.visits) else 0
        name = f"{item.name}: {item.cls}" if item.name else item.cls
        made = self._cluster(at, name + (f", call {visit + 1}" if visit else ""))
        self.rows[made]["name"] = item.path
        return made

    def _cluster(self, at: int, label: str) -> int:
        self.rows.append({"up": at, "label": label, "name": label})
        made = len(self.rows) - 1
        self._inside[made] = []
        self._put(at, "cluster", made)
        return made

    def _put(self, at: int, kind: str, number: int) -> None:
        self._inside[at].append((kind, number))
        if kind == "call":
            self.home[number] = at

    def _group_crowds(self) -> None:
        for cluster, items in list(self._inside.items()):
            while len(items) > CROWD:
                items = [
                    ("cluster", self._group(cluster, items[k : k + GROUP]))
                    for k in range(0, len(items), GROUP)
                ]

    def _group(self, up: int, items: Sequence[tuple[str, int]]) -> int:
        """Consecutive boxes as a cluster of their own."""
        label = f"{self._ends(items[0])[0]} … {self._ends(items[-1])[1]}"
        self.rows.append({"up": up, "label": label, "name": label})
        made = len(self.rows) - 1
        for kind, number in items:
            if kind == "call":
                self.home[number] = made
            else:
                self.rows[number]["up"] = made
        return made

    def _ends(self, item: tuple[str, int]) -> tuple[str, str]:
        kind, number = item
        if kind == "call":
            text = f"{self.graph.calls[number].op} {number}"
            return text, text
        first, _, last = self.rows[number]["label"].partition(" … ")
        return first, last or first

    def _in_order(self) -> None:
        """Number the clusters anew, so that each comes after the one around it."""
        order: list[int] = []
        below: dict[int, list[int]] = {}
        for k, cluster in enumerate(self.rows):
            below.setdefault(cluster["up"], []).append(k)
        waiting = [-1]
        while waiting:
            children = below.get(waiting.pop(0), [])
            order += children
            waiting += children
        place = {k: n for n, k in enumerate(order)} | {-1: -1}
        rows = [self.rows[k] for k in order]
        for row in rows:
            row.update({k: place[row[k]] for k in ("up", "of") if k in row})
        self.rows = rows
        self.home = {call: place[cluster] for call, cluster in self.home.items()}
