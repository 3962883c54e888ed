"""Deep Q-learning: replay memory, a target network, gather, epsilon-greedy."""

import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from gridworld import Corridor
from same_start import fill

random.seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def network():
    return fill(nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 2))).to(device)


policy_net, target_net = network(), network()
target_net.load_state_dict(policy_net.state_dict())
target_net.eval()
optimizer = optim.AdamW(policy_net.parameters(), lr=5e-3, amsgrad=True)
memory = deque(maxlen=500)
env = Corridor()


def optimize_model():
    if len(memory) < 32:
        return None
    batch = random.sample(memory, 32)
    states, actions, rewards, next_states, dones = zip(*batch)
    states = torch.tensor(np.array(states), device=device, dtype=torch.float32)
    actions = torch.tensor(actions, device=device).unsqueeze(1)
    rewards = torch.tensor(rewards, device=device, dtype=torch.float32)
    next_states = torch.from_numpy(np.stack(next_states)).to(device)
    mask = 1.0 - torch.tensor(dones, dtype=torch.float32)
    q = policy_net(states).gather(1, actions)
    with torch.no_grad():
        next_q = target_net(next_states).max(1)[0]
    loss = nn.SmoothL1Loss()(q, (rewards + 0.9 * next_q * mask).unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    return loss.item()


losses = []
for episode in range(60):
    state, done = env.reset(), False
    while not done:
        if random.random() < max(0.05, 0.9 - episode / 40):
            action = random.randrange(2)
        else:
            with torch.no_grad():
                action = policy_net(torch.as_tensor(state)).argmax().item()
        next_state, reward, done, _ = env.step(action)
        memory.append((state, action, reward, next_state, done))
        state = next_state
        loss = optimize_model()
        if loss is not None:
            losses.append(loss)
    target = target_net.state_dict()
    for key, value in policy_net.state_dict().items():
        target[key] = value * 0.1 + target[key] * 0.9
    target_net.load_state_dict(target)
with torch.no_grad():
    best = policy_net(torch.eye(5)[1:4]).max(dim=1).indices
result = {"trajectory": losses[:20], "final": 3 - best.sum().item(), "good": 0.5}
