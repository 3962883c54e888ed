"""Twin networks with shared weights: contrastive and triplet losses."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import digits, fill


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 6, 3), nn.PReLU(), nn.MaxPool2d(2, stride=2))
        self.fc = nn.Linear(6 * 3 * 3, 4)

    def forward_once(self, x):
        return self.fc(torch.flatten(self.conv(x), 1))

    def forward(self, *inputs):
        return tuple(self.forward_once(x) for x in inputs)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        distance = F.pairwise_distance(output1, output2, keepdim=True)
        return torch.mean(
            (1 - label) * torch.pow(distance, 2)
            + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2)
        )


images, targets = digits(90)
images = images.unsqueeze(1)
anchors = images[:30]
positives = torch.stack([images[30:][targets[30:] == t][0] for t in targets[:30]])
negatives = torch.stack([images[30:][targets[30:] != t][0] for t in targets[:30]])
model = fill(Net())
contrastive, triplet = ContrastiveLoss(), nn.TripletMarginLoss(margin=0.5, p=2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
losses = []
for step in range(25):
    a, p, n = model(anchors, positives, negatives)
    same, different = torch.zeros(30, 1), torch.ones(30, 1)
    loss = triplet(a, p, n) + 0.5 * (contrastive(a, p, same) + contrastive(a, n, different))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
similarity = F.cosine_similarity(a, p).mean().item()
result = {"trajectory": [*losses, similarity]}
