"""A graph attention network on an edge list: softmax over neighbours by scatter, and pooling of whole graphs."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise, numbers


def scatter_softmax(scores, index, count):
    where = index.unsqueeze(-1).expand_as(scores)
    top = scores.new_full((count, scores.size(1)), float("-inf"))
    top = top.scatter_reduce(0, where, scores, reduce="amax", include_self=True)
    weights = (scores - top.index_select(0, index).detach()).exp()
    total = torch.zeros(count, scores.size(1)).index_add_(0, index, weights)
    return weights / (total[index] + 1e-16)


class GATConv(nn.Module):
    def __init__(self, inputs, outputs, heads):
        super().__init__()
        self.heads, self.outputs = heads, outputs
        self.lin = nn.Linear(inputs, heads * outputs, bias=False)
        self.att_src = nn.Parameter(torch.empty(1, heads, outputs))
        self.att_dst = nn.Parameter(torch.empty(1, heads, outputs))
        self.bias = nn.Parameter(torch.zeros(heads * outputs))
        nn.init.xavier_uniform_(self.att_src)
        nn.init.xavier_uniform_(self.att_dst)

    def forward(self, x, edge_index):
        src, dst = edge_index
        h = self.lin(x).view(-1, self.heads, self.outputs)
        alpha = (h * self.att_src).sum(-1)[src] + (h * self.att_dst).sum(-1)[dst]
        alpha = scatter_softmax(F.leaky_relu(alpha, 0.2), dst, x.size(0))
        message = (h[src] * alpha.unsqueeze(-1)).flatten(1)
        return torch.zeros_like(self.lin(x)).index_add(0, dst, message) + self.bias


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = GATConv(4, 6, 2), GATConv(12, 5, 3)
        self.norm = nn.BatchNorm1d(12)
        self.out = nn.Linear(45, 3)

    def forward(self, x, edge_index, batch):
        x = F.elu(self.norm(self.conv1(x, edge_index)))
        x = F.elu(self.conv2(x, edge_index))
        graphs = int(batch.max()) + 1
        at = batch.view(-1, 1).expand_as(x)
        pooled = [
            torch.zeros(graphs, x.size(1)).scatter_reduce(0, at, x, how, include_self=False)
            for how in ("mean", "amax", "sum")
        ]
        return self.out(torch.cat(pooled, dim=-1))


sizes = [5, 7, 4, 6, 8]
batch = torch.repeat_interleave(torch.arange(5), torch.tensor(sizes))
edges, first = [], 0
for n in sizes:
    chosen = numbers.integers(0, n, size=(2, 3 * n))
    edges.append(torch.from_numpy(chosen) + first)
    first += n
edge_index = torch.cat([*edges, torch.arange(first).expand(2, -1)], dim=1)
edge_index = torch.unique(edge_index, dim=1)
degree = torch.bincount(edge_index[1], minlength=first)
x = torch.cat([noise(first, 3), degree.float().unsqueeze(1) / degree.max()], dim=1)
y = torch.tensor([0, 1, 2, 0, 1])

model = fill(Net())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
losses = []
for epoch in range(25):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x, edge_index, batch), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
model.eval()
with torch.no_grad():
    losses += model(x, edge_index, batch).softmax(-1).max(-1).values.tolist()
result = {"trajectory": losses}
