"""Weights of a model of other sizes."""

from autotn import nn

saved = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).state_dict()
nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1)).load_state_dict(saved)
