"""Parameters updated by hand without no_grad."""

import autotn as tn
from autotn import nn

model = nn.Linear(2, 1)
model(tn.rand(4, 2)).sum().backward()
for parameter in model.parameters():
    parameter.sub_(0.1 * parameter.grad)
