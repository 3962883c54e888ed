"""A character-level language model: Embedding, LSTM, detached states, sampling with temperature."""

import math

import torch
import torch.nn as nn
from same_start import fill

text = "the quick brown fox jumps over the lazy dog. " * 8
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
ids = torch.LongTensor([stoi[c] for c in text])
bsz, bptt = 4, 20
nbatch = ids.size(0) // bsz
data = ids.narrow(0, 0, nbatch * bsz).view(bsz, -1).t().contiguous()


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, nlayers=1):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid, nlayers)
        self.decoder = nn.Linear(nhid, ntoken)
        self.nhid, self.nlayers = nhid, nlayers

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.encoder(input), hidden)
        return self.decoder(output), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (
            weight.new_zeros(self.nlayers, bsz, self.nhid),
            weight.new_zeros(self.nlayers, bsz, self.nhid),
        )


def repackage_hidden(h):
    return h.detach() if isinstance(h, torch.Tensor) else tuple(repackage_hidden(v) for v in h)


model = fill(RNNModel(len(chars), 12, 24))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
losses = []
for epoch in range(6):
    hidden = model.init_hidden(bsz)
    for i in range(0, data.size(0) - 1, bptt):
        seq_len = min(bptt, len(data) - 1 - i)
        source, target = data[i : i + seq_len], data[i + 1 : i + 1 + seq_len].view(-1)
        hidden = repackage_hidden(hidden)
        model.zero_grad()
        output, hidden = model(source, hidden)
        loss = criterion(output.view(-1, len(chars)), target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        losses.append(loss.item())
print("perplexity", math.exp(losses[-1]))

model.eval()
with torch.no_grad():
    hidden, x = model.init_hidden(1), torch.zeros(1, 1, dtype=torch.long)
    for _ in range(10):
        output, hidden = model(x, hidden)
        word_weights = output.squeeze().div(0.8).exp().cpu()
        x.fill_(torch.multinomial(word_weights, 1)[0])
result = {"trajectory": losses}
