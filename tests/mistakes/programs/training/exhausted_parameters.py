"""Parameters that were used up by counting them."""

from autotn import nn, optim

model = nn.Linear(2, 1)
parameters = model.parameters()
count = sum(p.numel() for p in parameters)
optim.SGD(parameters, lr=0.1)
