"""How much a set of labelled points in the plane is a circle, a grid or a line: numbers for a batch (..., N, 2)."""

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.tables import classes, sum_points

RASTER = 41
WINDOW = 0.8
NEAR = 0.2


def whitened(points: Tensor) -> Tensor:
    """The points, centred and turned into unit covariance; a direction without extent is left without one."""
    centred = points - points.mean(-2, keepdim=True)
    left, sizes, _ = torch.linalg.svd(centred, full_matrices=False)
    shown = sizes > 1e-9 * sizes[..., :1]
    return left * shown.unsqueeze(-2) * points.shape[-2] ** 0.5


def spacing(modulus: int) -> float:
    """Distance sqrt(4 pi / N) between neighbours of N points spread over a disc of unit covariance, of area 4 pi."""
    return (4 * torch.pi / modulus) ** 0.5


def aspect(points: Tensor) -> Tensor:
    """Smaller over larger singular value of the centred points (...,): 0 on a line, 1 for a circle."""
    sizes = torch.linalg.svdvals(points - points.mean(-2, keepdim=True))
    return sizes[..., 1] / sizes[..., 0]


def frequency_powers(points: Tensor) -> Tensor:
    """Share of each frequency k = 1 .. (N-1)/2 in the Fourier power of z_a = x_a + i y_a, k and -k together."""
    power = torch.fft.fft(torch.view_as_complex(points.contiguous()), dim=-1).abs().square()
    half = (points.shape[-2] - 1) // 2
    both = power[..., 1 : half + 1] + power[..., -half:].flip(-1)
    return both / power[..., 1:].sum(-1, keepdim=True)


def circularity(points: Tensor) -> Tensor:
    """The largest of `frequency_powers` (...,): 1 for a circle or an ellipse of one frequency."""
    return frequency_powers(points).amax(-1)


def frequency(points: Tensor) -> Tensor:
    """The frequency k with the largest power (...,)."""
    return frequency_powers(points).argmax(-1) + 1


def structure_factors(points: Tensor, character: int) -> Tensor:
    """|1/N sum_a exp(2 pi i (<xi, E_a> - m a / N))| (..., 41, 41): a raster of wave vectors xi, m the character."""
    return _structure_factors(whitened(points), torch.tensor([character], device=points.device)).squeeze(-3)


def grid_score(points: Tensor) -> Tensor:
    r"""Labelled structure factor (...,): 1 where the points are an affine image of a lattice that adds like
    Z_N.

    For each character m = 1 .. (N-1)/2 the largest modulus over the bounded raster of wave vectors, of whitened
    points; then the mean over m. The bound matters: with arbitrarily short waves every set of points scores 1.
    """
    characters = torch.arange(1, (points.shape[-2] - 1) // 2 + 1, device=points.device)
    return _structure_factors(whitened(points), characters).amax((-2, -1)).mean(-1)


def _structure_factors(points: Tensor, characters: Tensor) -> Tensor:
    modulus = points.shape[-2]
    bound = WINDOW / spacing(modulus)
    waves = torch.linspace(-bound, bound, RASTER, dtype=points.dtype, device=points.device)
    residues = torch.arange(modulus, device=points.device)
    turns = (characters.unsqueeze(1) * residues).to(points.dtype) / modulus  # (m, N)
    x, y = (torch.polar(torch.ones_like(phase), 2 * torch.pi * phase)
            for phase in (waves.unsqueeze(1) * points[..., None, :, i] for i in (0, 1)))  # (..., 41, N)  # fmt: skip
    label = torch.polar(torch.ones_like(turns), -2 * torch.pi * turns)
    labelled = label.unsqueeze(1) * x.unsqueeze(-3)  # (..., m, 41, N)
    return (labelled @ y.transpose(-1, -2).unsqueeze(-3)).abs() / modulus  # (..., m, 41, 41)


def sum_clusters(points: Tensor) -> Tensor:
    """Number of clusters of the sum points (...,): connected where closer than 0.2 spacings, whitened."""
    sums = sum_points(whitened(points))
    near = torch.cdist(sums, sums) < NEAR * spacing(points.shape[-2])
    label = torch.arange(sums.shape[-2], device=points.device).expand(sums.shape[:-1])
    far = torch.full((), sums.shape[-2], device=points.device)
    while True:
        smaller = torch.where(near, label.unsqueeze(-2), far).amin(-1)
        smaller = torch.gather(smaller, -1, smaller)  # pointer jumping: chains shorten by half
        if torch.equal(smaller, label):
            break
        label = smaller
    return (label == torch.arange(sums.shape[-2], device=points.device)).sum(-1)


def purity(points: Tensor) -> Tensor:
    """Share of the sum points whose nearest other one has the same class (...,)."""
    modulus = points.shape[-2]
    sums = sum_points(points)
    distance = torch.cdist(sums, sums)
    distance.diagonal(dim1=-2, dim2=-1).fill_(torch.inf)
    label = classes(modulus).to(points.device)
    return (label[distance.argmin(-1)] == label).to(points.dtype).mean(-1)
