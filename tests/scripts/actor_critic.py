"""Actor and critic with shared layers, a namedtuple of saved actions, smooth L1 loss."""

from collections import namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from gridworld import Corridor
from same_start import fill
from torch import optim
from torch.distributions import Categorical

torch.manual_seed(5)
SavedAction = namedtuple("SavedAction", ["log_prob", "value"])


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(5, 24)
        self.action_head = nn.Linear(24, 2)
        self.value_head = nn.Linear(24, 1)

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


env, model = Corridor(), fill(Policy())
optimizer = optim.Adam(model.parameters(), lr=1e-2)
totals = []
for episode in range(200):
    state, done, saved, rewards = env.reset(), False, [], []
    while not done:
        probs, state_value = model(torch.from_numpy(state).float())
        m = Categorical(probs)
        action = m.sample()
        saved.append(SavedAction(m.log_prob(action), state_value))
        state, reward, done, _ = env.step(action.item())
        rewards.append(reward)
    R, returns = 0, []
    for r in rewards[::-1]:
        R = r + 0.95 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    policy_losses, value_losses = [], []
    for (log_prob, value), R in zip(saved, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage)
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
    loss.backward()
    optimizer.step()
    totals.append(sum(rewards))
result = {"final": 1 - sum(totals[-20:]) / 20, "good": 0.25}
