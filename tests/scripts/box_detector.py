"""One-stage detection on toy pictures: anchors, matching by overlap, focal loss, boxes by smooth L1, suppression."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise, numbers


def box_iou(a, b):
    lt = torch.max(a[:, None, :2], b[None, :, :2])
    rb = torch.min(a[:, None, 2:], b[None, :, 2:])
    inter = (rb - lt).clamp(min=0).prod(2)
    area = lambda x: (x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1])  # noqa: E731
    return inter / (area(a)[:, None] + area(b)[None] - inter)


def encode(boxes, anchors):
    wh, at = anchors[:, 2:] - anchors[:, :2], (anchors[:, 2:] + anchors[:, :2]) / 2
    size, centre = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    return torch.cat([(centre - at) / wh, torch.log(size / wh)], dim=1)


def decode(offsets, anchors):
    wh, at = anchors[:, 2:] - anchors[:, :2], (anchors[:, 2:] + anchors[:, :2]) / 2
    centre, size = at + offsets[..., :2] * wh, wh * offsets[..., 2:].clamp(max=2).exp()
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def nms(boxes, scores, limit):
    order, keep = scores.argsort(descending=True), []
    while order.numel() > 0:
        first = order[0]
        keep.append(first.item())
        if order.numel() == 1:
            break
        order = order[1:][box_iou(boxes[first].unsqueeze(0), boxes[order[1:]])[0] <= limit]
    return keep


def sigmoid_focal_loss(logits, targets, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits)
    ce = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    return (alpha * targets + (1 - alpha) * (1 - targets)) * ce * (1 - p_t) ** gamma


class Detector(nn.Module):
    def __init__(self, classes=2, anchors=2):
        super().__init__()
        self.classes = classes
        self.body = nn.Sequential(
            nn.Conv2d(1, 6, 3, 2, 1), nn.InstanceNorm2d(6, affine=True), nn.Mish(),
            nn.Conv2d(6, 12, 3, 2, 1, groups=3), nn.ChannelShuffle(3), nn.Hardswish(),
        )  # fmt: skip
        self.lateral = nn.Conv2d(12, 8, 1)
        self.cls = nn.Conv2d(8, anchors * classes, 3, padding=1)
        self.reg = nn.Conv2d(8, anchors * 4, 3, padding=1)

    def forward(self, x):
        h = self.lateral(self.body(x))
        flat = [
            y.permute(0, 2, 3, 1).reshape(len(x), -1, n)
            for y, n in ((self.cls(h), self.classes), (self.reg(h), 4))
        ]
        return flat[0], flat[1]


ys, xs = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
centres = torch.stack([xs, ys], -1).reshape(-1, 1, 2).repeat(1, 2, 1).reshape(-1, 2) * 4.0 + 2
halves = torch.tensor([[2.0, 2.0], [3.5, 2.5]]).repeat(16, 1)
anchors = torch.cat([centres - halves, centres + halves], dim=1)

images, truth = 0.1 * noise(12, 1, 16, 16), []
for k in range(12):
    boxes = []
    for _ in range(1 + k % 2):
        x0, y0 = numbers.integers(0, 10, size=2)
        w, h = numbers.integers(3, 7, size=2)
        images[k, 0, y0 : y0 + h, x0 : x0 + w] += 1.0
        boxes.append([x0, y0, min(x0 + w, 16), min(y0 + h, 16), int(w > h)])
    truth.append(torch.tensor(boxes, dtype=torch.float32))

labels = torch.zeros(12, len(anchors), 2)
goals = torch.zeros(12, len(anchors), 4)
matched = torch.zeros(12, len(anchors), dtype=torch.bool)
for k, t in enumerate(truth):
    overlap = box_iou(anchors, t[:, :4])
    best, which = overlap.max(dim=1)
    sure = best >= 0.4
    sure[overlap.argmax(dim=0)] = True
    which[overlap.argmax(dim=0)] = torch.arange(len(t))
    labels[k, sure, t[which[sure], 4].long()] = 1.0
    goals[k] = encode(t[which, :4], anchors)
    matched[k] = sure

model = fill(Detector())
nn.init.constant_(model.cls.bias, -2.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[12, 18], gamma=0.3)
losses = []
for epoch in range(20):
    scores, offsets = model(images)
    positives = matched.sum().clamp(min=1)
    cls_loss = sigmoid_focal_loss(scores, labels).sum() / positives
    reg_loss = (
        F.smooth_l1_loss(offsets[matched], goals[matched], beta=0.1, reduction="sum") / positives
    )
    predicted = decode(offsets, anchors)
    iou = box_iou(predicted[0][matched[0]], truth[0][:, :4]).amax(1)
    loss = cls_loss + reg_loss + 0.1 * (1 - iou).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    schedule.step()
    losses += [cls_loss.item(), reg_loss.item(), iou.mean().item()]
with torch.no_grad():
    scores, offsets = model(images[:2])
    for s, o in zip(scores.sigmoid().max(-1).values, offsets):
        kept = nms(decode(o, anchors), s, 0.3)
        assert 0 < len(kept) < len(anchors)
        losses.append(s[kept].sum().item())
result = {"trajectory": losses}
