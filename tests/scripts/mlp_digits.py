"""A multilayer perceptron on digits with DataLoader, train() and eval()."""

import torch
import torch.nn as nn
from same_start import digits, fill
from torch.utils.data import DataLoader, TensorDataset, random_split

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
images, targets = digits(400)
dataset = TensorDataset(images.reshape(-1, 64), targets)
train_set, test_set = random_split(dataset, [320, 80], generator=torch.Generator().manual_seed(1))
train_loader = DataLoader(train_set, batch_size=32, shuffle=True, drop_last=True)
test_loader = DataLoader(test_set, batch_size=80)

model = fill(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10)))
model.to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)


def train(epoch):
    model.train()
    running = 0.0
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device, non_blocking=True), target.to(device)
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        running += loss.item() * data.size(0)
    return running / len(train_loader.dataset)


def test():
    model.eval()
    correct, test_loss = 0, 0.0
    with torch.no_grad():
        for data, target in test_loader:
            output = model(data.to(device))
            test_loss += criterion(output, target.to(device)).item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    return test_loss, 100.0 * correct / len(test_loader.dataset)


for epoch in range(1, 11):
    loss = train(epoch)
    test_loss, accuracy = test()
    print("Epoch: {} loss {:.4f} test {:.4f} ({:.0f}%)".format(epoch, loss, test_loss, accuracy))
result = {"final": 100 - accuracy, "good": 15}
