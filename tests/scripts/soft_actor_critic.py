"""Soft actor-critic: a squashed Gaussian policy, two critics that are followed slowly, a learned temperature."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution

LOG_STD_MIN, LOG_STD_MAX = -5, 2


def mlp(*sizes):
    layers = []
    for j in range(len(sizes) - 1):
        act = nn.ReLU if j < len(sizes) - 2 else nn.Identity
        layers += [nn.Linear(sizes[j], sizes[j + 1]), act()]
    return nn.Sequential(*layers)


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.mu, self.log_std = mlp(3, 16, 16), nn.Linear(16, 2), nn.Linear(16, 2)

    def forward(self, obs, eps):
        h = F.relu(self.net(obs))
        mu, log_std = self.mu(h), torch.clamp(self.log_std(h), LOG_STD_MIN, LOG_STD_MAX)
        normal = Normal(mu, log_std.exp())
        u = mu + normal.stddev * eps
        log_prob = normal.log_prob(u).sum(-1)
        log_prob = log_prob - (2 * (torch.log(torch.tensor(2.0)) - u - F.softplus(-2 * u))).sum(1)
        return torch.tanh(u), log_prob, (mu, log_std)


actor = fill(Actor())
q1, q2 = fill(mlp(5, 16, 1)), fill(mlp(5, 16, 1))
with torch.no_grad():
    for p in q2.parameters():
        p.mul_(0.8)
q1_target, q2_target = mlp(5, 16, 1), mlp(5, 16, 1)
q1_target.load_state_dict(q1.state_dict())
q2_target.load_state_dict(q2.state_dict())
log_alpha = torch.zeros(1, requires_grad=True)
pi_opt = torch.optim.Adam(actor.parameters(), lr=3e-3)
q_opt = torch.optim.Adam([*q1.parameters(), *q2.parameters()], lr=3e-3)
alpha_opt = torch.optim.Adam([log_alpha], lr=1e-2)
gamma, polyak, target_entropy = 0.98, 0.9, -2.0

size = 64
replay = {
    "obs": noise(size, 3), "act": torch.tanh(noise(size, 2)), "obs2": noise(size, 3),
    "done": (noise(size) > 1.0).float(),
}  # fmt: skip
replay["rew"] = -(replay["obs"][:, :2] - replay["act"]).pow(2).sum(1)
losses = []
for step in range(20):
    idx = torch.arange(16) + (step * 16) % size
    o, a, r, o2, d = (replay[k][idx] for k in ("obs", "act", "rew", "obs2", "done"))
    with torch.no_grad():
        a2, logp2, _ = actor(o2, noise(16, 2))
        target = torch.min(
            q1_target(torch.cat([o2, a2], -1)).squeeze(-1),
            q2_target(torch.cat([o2, a2], -1)).squeeze(-1),
        )
        backup = r + gamma * (1 - d) * (target - log_alpha.exp() * logp2)
    oa = torch.cat([o, a], dim=-1)
    q_loss = F.mse_loss(q1(oa).squeeze(-1), backup) + F.smooth_l1_loss(q2(oa).squeeze(-1), backup)
    q_opt.zero_grad()
    q_loss.backward()
    nn.utils.clip_grad_value_(q1.parameters(), 0.5)
    q_opt.step()

    for p in (*q1.parameters(), *q2.parameters()):
        p.requires_grad = False
    pi, logp, _ = actor(o, noise(16, 2))
    q_pi = torch.min(q1(torch.cat([o, pi], -1)), q2(torch.cat([o, pi], -1))).squeeze(-1)
    pi_loss = (log_alpha.exp().detach() * logp - q_pi).mean()
    pi_opt.zero_grad()
    pi_loss.backward()
    pi_opt.step()
    for p in (*q1.parameters(), *q2.parameters()):
        p.requires_grad = True

    alpha_loss = -(log_alpha * (logp.detach() + target_entropy)).mean()
    alpha_opt.zero_grad()
    alpha_loss.backward()
    alpha_opt.step()
    with torch.no_grad():
        for q, t in ((q1, q1_target), (q2, q2_target)):
            for p, p_target in zip(q.parameters(), t.parameters()):
                p_target.data.mul_(polyak)
                p_target.data.add_((1 - polyak) * p.data)
    losses += [q_loss.item(), pi_loss.item(), alpha_loss.item(), log_alpha.exp().item()]

with torch.no_grad():
    action, logp, (mu, log_std) = actor(replay["obs"], noise(size, 2))
    squashed = TransformedDistribution(Independent(Normal(mu, log_std.exp()), 1), TanhTransform())
    inside = action.abs().amax(1) < 0.99
    assert torch.allclose(squashed.log_prob(action)[inside], logp[inside], atol=1e-2)
result = {"trajectory": losses}
