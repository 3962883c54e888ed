"""Models of well-known shapes, written once for both libraries: ``build(torch)`` or ``build(autotn)``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


def resnet18(torch: Any) -> Any:
    """ResNet-18 with torchvision's names, for small pictures of 3 channels."""
    nn = torch.nn

    class BasicBlock(nn.Module):
        def __init__(self, inplanes: int, planes: int, stride: int = 1) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(planes)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(planes)
            self.downsample = None
            if stride != 1 or inplanes != planes:
                shortcut = nn.Conv2d(inplanes, planes, 1, stride, bias=False)
                self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(planes))

        def forward(self, x: Any) -> Any:
            identity = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(out)) + identity)

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            widths = [(64, 64), (64, 128), (128, 256), (256, 512)]
            for k, (before, after) in enumerate(widths, start=1):
                first = BasicBlock(before, after, stride=1 if k == 1 else 2)
                setattr(self, f"layer{k}", nn.Sequential(first, BasicBlock(after, after)))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(512, 10)

        def forward(self, x: Any) -> Any:
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(torch.flatten(self.avgpool(x), 1))

    return ResNet()


def bert_small(torch: Any) -> Any:
    """BERT with the names of its published weights, 4 layers of 256."""
    nn, width, heads = torch.nn, 256, 4

    class SelfAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

        def forward(self, x: Any, mask: Any) -> Any:
            def split(y: Any) -> Any:
                return y.view(*y.shape[:2], heads, width // heads).permute(0, 2, 1, 3)

            q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
            scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(width // heads) + mask
            mixed = torch.matmul(nn.functional.softmax(scores, dim=-1), v)
            return mixed.permute(0, 2, 1, 3).contiguous().view(x.shape)

    class Output(nn.Module):
        def __init__(self, features: int) -> None:
            super().__init__()
            self.dense = nn.Linear(features, width)
            self.LayerNorm = nn.LayerNorm(width, eps=1e-12)

        def forward(self, x: Any, residual: Any) -> Any:
            return self.LayerNorm(self.dense(x) + residual)

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.ModuleDict({"self": SelfAttention(), "output": Output(width)})
            self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, 4 * width)})
            self.output = Output(4 * width)

        def forward(self, x: Any, mask: Any) -> Any:
            x = self.attention["output"](self.attention["self"](x, mask), x)
            return self.output(nn.functional.gelu(self.intermediate["dense"](x)), x)

    class Bert(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embeddings = nn.ModuleDict(
                {
                    "word_embeddings": nn.Embedding(500, width, padding_idx=0),
                    "position_embeddings": nn.Embedding(32, width),
                    "token_type_embeddings": nn.Embedding(2, width),
                    "LayerNorm": nn.LayerNorm(width, eps=1e-12),
                }
            )
            self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer() for _ in range(4))})
            self.pooler = nn.ModuleDict({"dense": nn.Linear(width, width)})

        def forward(self, tokens: Any) -> Any:
            e = self.embeddings
            places = torch.arange(tokens.size(1)).expand_as(tokens)
            x = e["word_embeddings"](tokens) + e["position_embeddings"](places)
            x = e["LayerNorm"](x + e["token_type_embeddings"](torch.zeros_like(tokens)))
            mask = (1.0 - (tokens != 0).float())[:, None, None, :] * torch.finfo(torch.float32).min
            for layer in self.encoder["layer"]:
                x = layer(x, mask)
            return torch.tanh(self.pooler["dense"](x[:, 0]))

    return Bert()


def gpt2(torch: Any) -> Any:
    """GPT-2 with the names of its published weights, whose matrices are transposed; 4 layers of 128."""
    nn, width, heads = torch.nn, 128, 4

    class Conv1D(nn.Module):
        def __init__(self, features: int, inputs: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(inputs, features))
            self.bias = nn.Parameter(torch.zeros(features))
            nn.init.normal_(self.weight, std=0.02)

        def forward(self, x: Any) -> Any:
            flat = torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight)
            return flat.view(*x.size()[:-1], self.bias.numel())

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            attention = {"c_attn": Conv1D(3 * width, width), "c_proj": Conv1D(width, width)}
            self.attn = nn.ModuleDict(attention)
            mlp = {"c_fc": Conv1D(4 * width, width), "c_proj": Conv1D(width, 4 * width)}
            self.mlp = nn.ModuleDict(mlp)

        def forward(self, x: Any) -> Any:
            parts = self.attn["c_attn"](self.ln_1(x)).split(width, dim=2)
            shape = (*x.shape[:2], heads, width // heads)
            q, k, v = (part.view(shape).transpose(1, 2) for part in parts)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.attn["c_proj"](mixed.transpose(1, 2).reshape(x.shape))
            hidden = nn.functional.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
            return x + self.mlp["c_proj"](hidden)

    class GPT2(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = nn.ModuleDict(
                {
                    "wte": nn.Embedding(300, width),
                    "wpe": nn.Embedding(64, width),
                    "h": nn.ModuleList(Block() for _ in range(4)),
                    "ln_f": nn.LayerNorm(width),
                }
            )
            self.lm_head = nn.Linear(width, 300, bias=False)
            self.lm_head.weight = self.transformer["wte"].weight

        def forward(self, tokens: Any) -> Any:
            t = self.transformer
            x = t["wte"](tokens) + t["wpe"](torch.arange(tokens.size(1)))
            for block in t["h"]:
                x = block(x)
            return self.lm_head(t["ln_f"](x)) / 10

    return GPT2()


def lstm_tagger(torch: Any) -> Any:
    """Two bidirectional LSTM layers between an embedding and a linear layer."""
    nn = torch.nn

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(100, 32)
            self.lstm = nn.LSTM(32, 48, num_layers=2, bidirectional=True, batch_first=True)
            self.decoder = nn.Linear(96, 7)

        def forward(self, tokens: Any) -> Any:
            out, _ = self.lstm(self.embed(tokens))
            return self.decoder(out)

    return Tagger()


#: The model, and its input: pictures, or tokens up to a number.
MODELS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], int]] = {
    "resnet18": (resnet18, (2, 3, 40, 40), 0),
    "bert_small": (bert_small, (2, 16), 500),
    "gpt2": (gpt2, (2, 20), 300),
    "lstm": (lstm_tagger, (3, 11), 100),
}
