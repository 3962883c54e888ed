"""Weights of a model whose layers have other names."""

from autotn import nn

saved = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).state_dict()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.second = nn.Linear(3, 1)


Net().load_state_dict(saved)
