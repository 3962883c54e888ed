"""Networks of random structures: what holds for every one of them."""

from __future__ import annotations

import copy
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.network.slopes import slope_of

Slot = tuple[tn.Instance, int]

SEEDS = range(60)


class Maker:
    """Puts random structures behind each other."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.slots: list[Slot] = []
        self.clones: list[tn.Clone] = []

    def activation(self) -> Any:
        return self.draw.choice([tn.Tanh(), tn.Sigmoid(), tn.Linear(), nn.GELU()])

    def some(self, shape: Any = None) -> tuple[list[tn.Instance], list[int]]:
        """Up to three slots, all of one shape if it is given; one may come twice."""
        fitting = [s for s in self.slots if shape is None or s[0].output_shapes[s[1]] == shape]
        chosen = [self.draw.choice(fitting) for _ in range(self.draw.randint(1, 3))]
        return [part for part, _ in chosen], [slot for _, slot in chosen]

    def dense(self, part: Any, slot: int, shape: Any) -> Any:
        return tn.Dense(self.draw.choice([(3,), (2, 2), (4, 3)]), self.activation())(part, slot)

    def conv(self, part: Any, slot: int, shape: Any) -> Any:
        kernel = tuple(self.draw.randint(1, min(3, n)) for n in shape[: self.draw.randint(1, 3)])
        stride = tuple(self.draw.randint(1, 2) for _ in kernel)
        pad = self.draw.choice([True, False, "seed"])
        return tn.Conv(kernel, self.draw.choice([(), (2,)]), stride, pad, self.activation())(
            part, slot
        )

    def recurrent(self, part: Any, slot: int, shape: Any) -> Any:
        states = [(p, k) for p, k in self.slots if math.prod(p.output_shapes[k]) == 3]
        state, k = self.draw.choice([(None, 0), *states])
        if self.draw.random() < 0.5:
            return tn.RNN(3, self.draw.choice([None, tn.Sigmoid()]))(part, state, slot, k)
        lstm = tn.LSTM(3, go_backwards=self.draw.random() < 0.5)
        memory = self.draw.choice([None, state])
        return lstm(part, self.draw.choice([None, state]), memory, slot, k, k)

    def residual(self, part: Any, slot: int, shape: Any) -> Any:
        cell = self.draw.choice(
            [
                tn.Dense((3,), self.activation()),
                tn.RNN(2),
                tn.ResWrap(tn.Dense((2,), self.activation())),
                tn.Clone(tn.Dense((2,))),
            ]
        )
        return tn.ResWrap(cell)(part, slot)

    def clone(self, part: Any, slot: int, shape: Any) -> Any:
        fresh = tn.Clone(self.draw.choice([tn.Dense((3,)), tn.RNN(2), tn.LSTM(2)]))
        chosen = self.draw.choice([*self.clones, fresh])
        made = chosen(part, input_index=slot)
        self.clones.append(chosen)
        return made

    def joined(self, part: Any, slot: int, shape: Any) -> Any:
        alike = self.draw.choice([tn.Add, tn.Mul, tn.Join, tn.Concatenate])
        if self.draw.random() < 0.5:
            return alike()(*self.some(shape))
        return self.draw.choice([tn.FlatConcat, tn.Combine])()(*self.some())

    def plain(self, part: Any, slot: int, shape: Any) -> Any:
        return self.draw.choice(
            [
                lambda: tn.Split()(part, slot, self.draw.randrange(len(shape))),
                lambda: tn.Activate(self.activation())(part, slot),
                lambda: tn.Constant(np.full(shape, 0.5))(),
                lambda: tn.Layer(nn.LayerNorm(part.output_shapes[0]))(part),
            ]
        )()

    def network(self) -> tn.System:
        shapes = self.draw.sample([(3,), (4, 3), (5, 2, 2)], self.draw.randint(1, 3))
        inputs = [tn.Input(shape)() for shape in shapes]
        self.slots = [(x, 0) for x in inputs]
        kinds = [self.dense, self.conv, self.recurrent, self.residual, self.clone, self.joined]
        while len(self.slots) < 12:
            part, slot = self.draw.choice(self.slots)
            kind = self.draw.choice([*kinds, self.plain])
            try:
                made = kind(part, slot, part.output_shapes[slot])
            except ValueError:  # what does not fit is refused
                continue
            self.slots += [(made, k) for k in range(len(made.output_shapes))]
        end = tn.FlatConcat()(*zip(*self.slots))  # so that everything counts
        return tn.System(inputs, [tn.Dense((2,), tn.Sigmoid())(end)])


def made(seed: int) -> tuple[tn.System, list[Any]]:
    tn.manual_seed(seed)
    s = Maker(seed).network().double()
    rng = np.random.default_rng(seed)
    return s, [rng.normal(size=part.output_shapes[0]) for part in s.inputs]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_network(seed: int, tmp_path: Path) -> None:
    s, inputs = made(seed)
    (guess,), state = s.guess(inputs, return_state=True)

    # A layer's outputs are those of the parts it is made of.
    number = {id(part): k for k, part in enumerate(s.parts)}
    for k, part in enumerate(s.parts):
        if part.spelled is not part.parents and len(part.spelled) > 1:
            for slot, inner in enumerate(part.spelled):
                assert np.allclose(state[k][slot], state[number[id(inner)]][0], atol=1e-12)
    assert np.allclose(state[0][0], guess)

    # A batch is its examples one by one.
    batch = [np.stack([x, -x]) for x in inputs]
    together = s.guess(batch)[0]
    for k in range(2):
        assert np.allclose(s.guess([x[k] for x in batch])[0], together[k], atol=1e-12)

    # Gradients are slopes.
    truth = np.array([0.2, 0.9])
    gradients = s.learn(state, [truth], batch=True)
    name, parameter = random.Random(seed).choice(list(s.named_parameters()))
    slope = slope_of(s, parameter, lambda: 0.5 * float(((s.guess(inputs)[0] - truth) ** 2).sum()))
    assert np.allclose(gradients[name], slope, atol=1e-7)

    # Files and copies have the same network.
    twins = [copy.deepcopy(s)]
    for file in (tmp_path / "net", tmp_path / "net.h5"):
        s.save_weights(file)
        twin = made(seed)[0]
        for parameter in twin.parameters():
            parameter._data[...] = 0
        twin.load_weights(file)
        twins.append(twin)
    for twin in twins:
        assert (twin.guess(inputs)[0] == guess).all()
