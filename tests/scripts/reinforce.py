"""REINFORCE with Categorical, log_prob and normalised returns."""

from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from gridworld import Corridor
from same_start import fill
from torch.distributions import Categorical

torch.manual_seed(3)
env = Corridor()


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(5, 16)
        self.affine2 = nn.Linear(16, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        return F.softmax(self.affine2(F.relu(self.affine1(x))), dim=1)


policy = fill(Policy())
optimizer = optim.Adam(policy.parameters(), lr=2e-2)
eps = np.finfo(np.float32).eps.item()


def select_action(state):
    state = torch.from_numpy(state).float().unsqueeze(0)
    m = Categorical(policy(state))
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return action.item()


def finish_episode():
    R = 0
    policy_loss, returns = [], deque()
    for r in policy.rewards[::-1]:
        R = r + 0.95 * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - 0.3) / (returns.std(unbiased=False) + eps + 0.3)
    for log_prob, R in zip(policy.saved_log_probs, returns):
        policy_loss.append(-log_prob * R)
    optimizer.zero_grad()
    torch.cat(policy_loss).sum().backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]


totals = []
for i_episode in range(150):
    state, total = env.reset(), 0
    for t in range(1, 30):
        state, reward, done, _ = env.step(select_action(state))
        policy.rewards.append(reward)
        total += reward
        if done:
            break
    finish_episode()
    totals.append(total)
result = {"final": 1 - sum(totals[-20:]) / 20, "good": 0.2}
