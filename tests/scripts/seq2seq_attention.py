"""A sequence reverser: GRU encoder, decoder with attention by bmm, teacher forcing."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, numbers
from torch import optim

SOS, VOCAB, HIDDEN, LENGTH = 0, 8, 16, 5


class EncoderRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, HIDDEN)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)

    def forward(self, input):
        return self.gru(self.embedding(input))


class AttnDecoderRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, HIDDEN)
        self.attn = nn.Linear(HIDDEN, HIDDEN)
        self.attn_combine = nn.Linear(HIDDEN * 2, HIDDEN)
        self.gru = nn.GRUCell(HIDDEN, HIDDEN)
        self.out = nn.Linear(HIDDEN, VOCAB)

    def forward(self, input, hidden, encoder_outputs):
        embedded = self.embedding(input)
        scores = torch.bmm(self.attn(encoder_outputs), hidden.unsqueeze(2)).squeeze(2)
        weights = F.softmax(scores, dim=1)
        applied = torch.bmm(weights.unsqueeze(1), encoder_outputs).squeeze(1)
        output = F.relu(self.attn_combine(torch.cat((embedded, applied), 1)))
        hidden = self.gru(output, hidden)
        return F.log_softmax(self.out(hidden), dim=1), hidden, weights


encoder, decoder = fill(EncoderRNN()), fill(AttnDecoderRNN())
encoder_optimizer = optim.Adam(encoder.parameters(), lr=0.01)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=0.01)
criterion = nn.NLLLoss()
losses = []
for step in range(40):
    source = torch.from_numpy(numbers.integers(1, VOCAB, size=(16, LENGTH)))
    target = torch.flip(source, dims=[1])
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    encoder_outputs, hidden = encoder(source)
    decoder_hidden, decoder_input = hidden[-1], torch.full((16,), SOS, dtype=torch.long)
    loss = 0
    for t in range(LENGTH):
        output, decoder_hidden, attention = decoder(decoder_input, decoder_hidden, encoder_outputs)
        loss += criterion(output, target[:, t])
        if step % 2:
            decoder_input = target[:, t]
        else:
            topv, topi = output.data.topk(1)
            decoder_input = topi.squeeze(1).detach()
    loss.backward()
    nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
    encoder_optimizer.step()
    decoder_optimizer.step()
    losses.append(loss.item() / LENGTH)
result = {"trajectory": losses[:12], "final": losses[-1], "good": 2.0}
