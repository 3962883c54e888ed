"""What other libraries call the learning rate."""

from autotn import nn, optim

model = nn.Linear(4, 2)
optim.Adam(model.parameters(), learning_rate=0.1)
