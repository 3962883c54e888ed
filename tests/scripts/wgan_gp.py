"""A Wasserstein GAN with gradient penalty: autograd.grad through create_graph."""

import torch
import torch.autograd as autograd
import torch.nn as nn
from same_start import fill, noise
from torch.autograd import Variable

cuda = torch.cuda.is_available()
Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor
generator = fill(nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2)))
critic = fill(nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)))
opt_g = torch.optim.RMSprop(generator.parameters(), lr=1e-3)
opt_c = torch.optim.RMSprop(critic.parameters(), lr=1e-3)


def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = Tensor(noise(real_samples.size(0), 1).abs().clamp(max=1).numpy())
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = Variable(Tensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(
        outputs=d_interpolates,
        inputs=interpolates,
        grad_outputs=fake,
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


history = []
for step in range(30):
    real = Variable(noise(32, 2) * 0.3 + 1)
    z = Variable(Tensor(noise(32, 3).numpy()))
    opt_c.zero_grad()
    fake = generator(z)
    penalty = compute_gradient_penalty(critic, real.data, fake.data)
    d_loss = -torch.mean(critic(real)) + torch.mean(critic(fake.detach())) + 10 * penalty
    d_loss.backward()
    opt_c.step()
    if step % 3 == 0:
        opt_g.zero_grad()
        g_loss = -torch.mean(critic(generator(z)))
        g_loss.backward()
        opt_g.step()
    history += [d_loss.item(), g_loss.item(), penalty.item()]
result = {"trajectory": history}
