"""A hand-written recurrent cell, trained one name at a time by a hand-written update."""

import torch
import torch.nn as nn
from same_start import fill

names = {"soft": ["liana", "eloua", "amelie", "ioana"], "hard": ["kurt", "brock", "gritz", "dirk"]}
letters = "abcdefghijklmnopqrstuvwxyz"
categories = list(names)


def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, len(letters))
    for li, letter in enumerate(line):
        tensor[li][0][letters.find(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        return self.softmax(self.i2o(combined)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


rnn = fill(RNN(len(letters), 16, 2))
criterion = nn.NLLLoss()
learning_rate = 0.02


def train(category_tensor, line_tensor):
    hidden = rnn.initHidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    return output, loss.item()


losses, right = [], 0
for epoch in range(6):
    for k in range(4):
        for c, category in enumerate(categories):
            output, loss = train(
                torch.tensor([c], dtype=torch.long), lineToTensor(names[category][k])
            )
            losses.append(loss)
            top_n, top_i = output.topk(1)
            right += int(top_i[0].item() == c)
result = {"trajectory": [*losses, right]}
