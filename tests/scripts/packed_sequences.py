"""Sentences of different lengths: a Dataset, a collate function, packing, a bidirectional LSTM."""

import torch
import torch.nn as nn
from same_start import fill, numbers
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


class Sentences(Dataset):
    """The label says whether the first word comes again."""

    def __init__(self, count):
        self.items = []
        for _ in range(count):
            words = numbers.integers(1, 10, size=numbers.integers(3, 9))
            self.items.append((torch.tensor(words), int(words[0] in words[1:])))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def collate_fn(batch):
    batch.sort(key=lambda item: len(item[0]), reverse=True)
    sequences, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in sequences])
    return pad_sequence(sequences, batch_first=True), lengths, torch.tensor(labels)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 12, num_layers=2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True)
        output, (hidden, _) = self.lstm(packed)
        padded, _ = pad_packed_sequence(output, batch_first=True)
        pooled = padded.sum(1) / lengths.unsqueeze(1).float()
        return self.fc(pooled + torch.cat([hidden[-2], hidden[-1]], dim=1))


loader = DataLoader(Sentences(64), batch_size=16, shuffle=False, collate_fn=collate_fn)
model = fill(Classifier())
optimizer = torch.optim.Adamax(model.parameters(), lr=0.01)
losses = []
for epoch in range(3):
    for x, lengths, y in loader:
        loss = nn.functional.cross_entropy(model(x, lengths), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
result = {"trajectory": losses}
