"""A graph convolutional network on a small club: normalised adjacency, masks, dropout off."""

import math

import torch
import torch.nn.functional as F
from same_start import fill, noise, numbers
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter

nodes = 20
labels = torch.tensor([0] * 10 + [1] * 10)
adj = torch.zeros(nodes, nodes)
for i in range(nodes):
    for j in range(i):
        same = labels[i] == labels[j]
        if numbers.random() < (0.5 if same else 0.05):
            adj[i, j] = adj[j, i] = 1
adj = adj + torch.eye(nodes)
rowsum = adj.sum(1)
r_inv = torch.diag(rowsum.pow(-0.5))
adj = r_inv @ adj @ r_inv


class GraphConvolution(Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.FloatTensor(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        output = torch.mm(adj, torch.mm(input, self.weight))
        return output + self.bias if self.bias is not None else output

    def __repr__(self):
        return self.__class__.__name__ + " (" + str(self.weight.shape) + ")"


class GCN(Module):
    def __init__(self):
        super().__init__()
        self.gc1 = GraphConvolution(4, 8)
        self.gc2 = GraphConvolution(8, 2, bias=False)

    def forward(self, x, adj):
        x = F.dropout(F.relu(self.gc1(x, adj)), 0.5, training=False)
        return F.log_softmax(self.gc2(x, adj), dim=1)


features = noise(nodes, 4)
features = features / features.norm(dim=1, keepdim=True)
idx_train = torch.LongTensor([0, 3, 6, 9, 11, 14, 17, 19])
model = fill(GCN())
optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=5e-4)
losses = []
for epoch in range(30):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss = F.nll_loss(output[idx_train], labels[idx_train])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
correct = output.max(1)[1].type_as(labels).eq(labels).double().sum().item()
result = {"trajectory": [*losses, correct / nodes]}
