"""A corridor of five places: walk right to the reward. Used by the scripts on reinforcement learning."""

import numpy as np


class Corridor:
    """Start in the middle; the right end gives 1, the left end 0, each step costs a little."""

    def reset(self):
        self.place, self.steps = 2, 0
        return self.state()

    def state(self):
        return np.eye(5, dtype=np.float32)[self.place]

    def step(self, action):
        self.place = min(max(self.place + (1 if action == 1 else -1), 0), 4)
        self.steps += 1
        done = self.place in (0, 4) or self.steps >= 20
        reward = 1.0 if self.place == 4 else -0.02
        return self.state(), reward, done, {}
