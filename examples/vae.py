"""A variational autoencoder draws new letters (Kingma and Welling, 2014).

The encoder says where a letter lies in a plane of two coordinates, and how surely; the decoder
draws a letter for every point. The loss is the evidence lower bound: how well the drawing fits,
and how far the encoder's Gaussians are from the standard one.
"""

from __future__ import annotations

import command_line
import letters
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.distributions import Normal, kl_divergence
from autotn.nn import functional as F

SIZE = 16  # the letters are drawn with 32 pixels and averaged two by two


class VAE(nn.Module):
    """Image to a Gaussian in the plane, point of the plane to image."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),
            nn.Linear(SIZE * SIZE, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 4),
        )
        self.decoder = nn.Sequential(
            nn.Linear(2, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, SIZE * SIZE),
            nn.Unflatten(1, (SIZE, SIZE)),
        )

    def forward(self, images: tn.Tensor) -> tuple[tn.Tensor, Normal]:
        mean, log_scale = self.encoder(images).chunk(2, dim=1)
        place = Normal(mean, log_scale.exp())
        return self.decoder(place.rsample()), place


def draw_letters(supply: letters.Letters, n: int) -> tuple[tn.Tensor, np.ndarray]:
    """`n` single letters in the middle of ``(16, 16)`` images, and their indices."""
    index = supply.rng.permutation(np.arange(n) % len(letters.letters))
    fonts = [letters.pick_font(supply.faces, supply.rng) for _ in range(n)]
    images = [letters.jittered(letters.letters[i], font, None) for i, font in zip(index, fonts)]
    small = np.stack(images).reshape(n, SIZE, 2, SIZE, 2).mean((2, 4))
    return tn.from_numpy(small), index


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "vae").parse_args(arguments)
    tn.manual_seed(options.seed)
    supply = letters.Letters(seed=options.seed)
    images, _ = draw_letters(supply, 260 if options.quick else 7800)
    test_images, test_index = draw_letters(supply, 26 * 20)
    epochs, batch = (1, 65) if options.quick else (30, 65)
    model = VAE(hidden=256)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    fits, distances = [], []
    for _ in (bar := tqdm(range(epochs), "epochs")):
        fit_sum = distance_sum = 0.0
        for pick in tn.randperm(len(images)).split(batch):
            target = images[pick]
            drawing, place = model(target)
            fit = F.binary_cross_entropy_with_logits(drawing, target, reduction="sum") / batch
            distance = kl_divergence(place, Normal(0.0, 1.0)).sum() / batch
            optimizer.zero_grad()
            (fit + distance).backward()
            optimizer.step()
            fit_sum += fit.item() * batch
            distance_sum += distance.item() * batch
        fits.append(fit_sum / len(images))
        distances.append(distance_sum / len(images))
        bar.set_postfix_str(f"fit {fits[-1]:.1f}, distance {distances[-1]:.2f}")

    model.eval()
    with tn.no_grad():
        drawing, place = model(test_images)
        # Equal shares of the standard Gaussian, so that every part of the plane gets its due.
        share = (tn.arange(20) + 0.5) / 20
        step = Normal(0.0, 1.0).icdf(share)
        y, x = tn.meshgrid(step.flip(0), step, indexing="ij")
        plane = model.decoder(tn.stack([x, y], dim=-1).reshape(-1, 2)).sigmoid()
    print(f"Bits a letter: {(fits[-1] + distances[-1]) / np.log(2):.1f}")

    epoch = list(range(1, epochs + 1))
    lines = {"misfit of the drawing": (epoch, fits), "distance to the prior": (epoch, distances)}
    file, title = options.out / "loss.png", "The two parts of the bound"
    pictures.line_plot(lines, file, title, "epoch", "nats a letter", "log")
    sheet = pictures.mosaic(plane.numpy(), 20, gap=0)
    title = "What the decoder draws over the plane"
    pictures.contact_sheet(sheet[None], options.out / "plane.png", title, columns=1, size=8)
    pairs = np.stack([test_images[:26].numpy(), drawing[:26].sigmoid().numpy()], 1)
    title = "Rows of letters, and below each what comes back"
    rows = pairs.reshape(2, 13, 2, SIZE, SIZE).swapaxes(1, 2).reshape(-1, SIZE, SIZE)
    pictures.contact_sheet(rows, options.out / "pairs.png", title)
    names = [str(letter) for letter in letters.letters]
    title = "Where the letters lie"
    pictures.named_points(place.mean.numpy(), test_index, names, options.out / "places.png", title)
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
