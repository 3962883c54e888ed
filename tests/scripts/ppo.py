"""Proximal policy optimisation of a continuous action: Normal, ratios, clamping, entropy, advantages."""

import torch
import torch.nn as nn
from same_start import fill, noise
from torch.distributions import Normal
from torch.utils.data import BatchSampler, SubsetRandomSampler

torch.manual_seed(0)


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        self.critic = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        self.log_std = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return Normal(self.actor(x), self.log_std.exp().expand(x.size(0), 1)), self.critic(x)


model = fill(ActorCritic())
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, eps=1e-5)
rewards = []
for iteration in range(25):
    states = noise(64, 2)
    with torch.no_grad():
        dist, value = model(states)
        actions = dist.sample()
        old_log_probs = dist.log_prob(actions)
        reward = -((actions - states.sum(dim=1, keepdim=True)) ** 2)
        advantage = reward - value
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    rewards.append(reward.mean().item())
    for _ in range(4):
        for index in BatchSampler(SubsetRandomSampler(range(64)), 32, drop_last=False):
            dist, value = model(states[index])
            ratio = (dist.log_prob(actions[index]) - old_log_probs[index]).exp()
            surr1 = ratio * advantage[index]
            surr2 = torch.clamp(ratio, 1.0 - 0.2, 1.0 + 0.2) * advantage[index]
            actor_loss = -torch.min(surr1, surr2).mean()
            critic_loss = (reward[index] - value).pow(2).mean()
            loss = actor_loss + 0.5 * critic_loss - 0.001 * dist.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
result = {"final": -sum(rewards[-5:]) / 5, "good": 0.8 * -sum(rewards[:2]) / 2}
