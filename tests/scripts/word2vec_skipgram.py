"""Skip-gram with negative sampling: two Embeddings, bmm, logsigmoid."""

import torch
import torch.nn.functional as F
from same_start import fill, numbers
from torch import nn, optim

corpus = ("king rules land queen rules land man works field woman works field " * 4).split()
vocabulary = list(dict.fromkeys(corpus))
word2idx = {w: i for i, w in enumerate(vocabulary)}
pairs = []
for i, word in enumerate(corpus):
    for j in range(max(0, i - 2), min(len(corpus), i + 3)):
        if i != j:
            pairs.append([word2idx[word], word2idx[corpus[j]]])


class SkipGram(nn.Module):
    def __init__(self, vocab_size, emb_dim):
        super().__init__()
        self.u_embeddings = nn.Embedding(vocab_size, emb_dim)
        self.v_embeddings = nn.Embedding(vocab_size, emb_dim)

    def forward(self, u, v, neg_v):
        emb_u = self.u_embeddings(u)
        score = F.logsigmoid(torch.sum(emb_u * self.v_embeddings(v), dim=1))
        neg = torch.bmm(self.v_embeddings(neg_v), emb_u.unsqueeze(2)).squeeze()
        return -(score.sum() + F.logsigmoid(-1 * neg).sum()) / u.size(0)


model = fill(SkipGram(len(vocabulary), 5))
optimizer = optim.Adagrad(model.parameters(), lr=0.2)
losses = []
for epoch in range(8):
    for start in range(0, len(pairs), 64):
        batch = torch.LongTensor(pairs[start : start + 64])
        negatives = torch.from_numpy(numbers.integers(0, len(vocabulary), size=(len(batch), 3)))
        loss = model(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

vectors = F.normalize(model.u_embeddings.weight.detach(), dim=1)
similarity = torch.mm(vectors, vectors.t())
values, indices = similarity[0].sort(descending=True)
result = {"trajectory": [*losses, *values.tolist(), *indices.tolist()]}
