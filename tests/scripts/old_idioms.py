"""The spellings of five years ago: Variable, FloatTensor, .data, in-place arithmetic by hand."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, numbers
from torch.autograd import Variable

use_cuda = torch.cuda.is_available()
FloatTensor = torch.cuda.FloatTensor if use_cuda else torch.FloatTensor
LongTensor = torch.cuda.LongTensor if use_cuda else torch.LongTensor
X = numbers.normal(size=(50, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.hidden = nn.Linear(4, 12)
        self.hidden.weight.data.normal_(0, 0.1)
        self.hidden.bias.data.zero_()
        self.out = nn.Linear(12, 2)

    def forward(self, x):
        return self.out(torch.tanh(self.hidden(x)))


net = fill(Net())
if use_cuda:
    net.cuda()
velocity = [p.data.new(p.size()).zero_() for p in net.parameters()]
losses = []
for epoch in range(40):
    inputs = Variable(FloatTensor(X))
    labels = Variable(LongTensor(Y.tolist()))
    outputs = net(inputs)
    loss = F.cross_entropy(outputs, labels, reduction="mean")
    net.zero_grad()
    loss.backward()
    for p, v in zip(net.parameters(), velocity):
        v.mul_(0.9).add_(p.grad.data)
        p.data.sub_(v, alpha=0.1)
    losses.append(loss.data.item())
prediction = torch.max(F.softmax(outputs, dim=1), 1)[1].data.numpy().squeeze()
accuracy = float((prediction == Y).astype(int).sum()) / Y.size
assert isinstance(inputs, torch.FloatTensor)
assert outputs.data.type().endswith("FloatTensor")
assert torch.Tensor([1, 2]).tolist() == [1.0, 2.0]
assert np.array(outputs.data.numpy()).dtype == np.float32
result = {"trajectory": [*losses, accuracy]}
