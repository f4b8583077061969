"""Runs on the forces: one gradient step against the kernel, training against two fields, energy, and circles at
rest.
"""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.statistics import exponential_rate, power_law_exponent
from verified_dynamics.structure.modular_addition import (
    equilibria,
    forces,
    networks,
    particles,
    tables,
    tangent_kernel,
)

CHAPTER = "structure/modular-addition"
SMALL = 7  # the modulus of the runs with wide read-outs


@experiment(
    "tangent-force",
    chapter=CHAPTER,
    smoke=Profile(grid={"trained": ("second", "both")}, seeds=24, settings={"widest": 6400}),
    full=Profile(grid={"trained": ("second", "both")}, seeds=48, settings={"widest": 25_600}),
    tolerances={name: Tolerance(rtol=1e-3) for name in ("error", "uncentred", "pointwise")},
)
def tangent_force(cell, seeds, device) -> xr.Dataset:
    """Random read-outs of growing width on random embeddings, N = 7, after one gradient step: relative error of
    the closed form of the force, of the closed form without -1/N, and of the closed form against autograd at a
    point.

    The force is measured by autograd where the second layer alone is trained, else by central differences of
    width 0.03.
    """
    widths = [w for w in (100, 400, 1600, 6400, 25_600) if w <= cell["widest"]]
    points = tables.sum_points(particles.random_points(seeds, SMALL, device=device))
    coupling = tables.coupling(tables.classes(SMALL), SMALL).to(device)
    closed = tangent_kernel.predicted_force(points, coupling, trained=cell["trained"])
    without = tangent_kernel.predicted_force(points, coupling + 1 / SMALL, trained=cell["trained"])
    found = {"error": [], "uncentred": [], "pointwise": []}
    for width in widths:
        options = {"modulus": SMALL, "width": width, "trained": cell["trained"]}
        pointwise = tangent_kernel.measured_force(points, seeds, **options)
        force = pointwise
        if cell["trained"] == "both":
            force = tangent_kernel.measured_force(points, seeds, differences=0.03, **options)
        found["error"].append(tangent_kernel.relative_error(force, closed))
        found["uncentred"].append(tangent_kernel.relative_error(without, force))
        found["pointwise"].append(tangent_kernel.relative_error(pointwise, closed))
    return xr.Dataset(
        {name: (("seed", "width"), torch.stack(value, 1).cpu().numpy()) for name, value in found.items()},
        coords={"width": widths},
    )


def error_exponent(data: xr.Dataset) -> xr.DataArray:
    """Power of the width with which the closed form's error falls, second layer trained, per seed."""
    return power_law_exponent(data.error.sel(trained="second"), "width")


def error_at_widest(name: str, trained: str):
    """One of the errors at the largest width, per seed."""
    return lambda data: data[name].sel(trained=trained).isel(width=-1)


FIELDS = ("both", "clustering", "alignment", "permuted labels")


@experiment(
    "explained-force",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"biases": (True, False)}, seeds=24, settings={"modulus": 17, "width": 64, "steps": 100}
    ),
    full=Profile(
        grid={"biases": (True, False)}, seeds=128, settings={"modulus": 17, "width": 64, "steps": 400}
    ),
    tolerances={"explained": Tolerance(atol=0.02)},
)
def explained_force(cell, seeds, device) -> xr.Dataset:
    """Networks trained on the whole table (AdamW, step size 0.01, decay 1): share of the squared loss gradient
    on the sum points that the clustering and the alignment field explain, together, alone, and with permuted
    labels.
    """
    modulus, biases = cell["modulus"], cell["biases"]
    group = networks.initial(seeds, modulus, width=cell["width"], biases=biases, device=device)
    mask = tables.split(seeds, modulus, share=1.0).to(device)
    label = tables.classes(modulus).to(device)
    draws = [torch.Generator().manual_seed(int(seed) + 2**46) for seed in seeds]
    orders = torch.stack([torch.randperm(len(label), generator=g) for g in draws]).to(device)
    couplings = tables.coupling(label, modulus).to(device), tables.coupling(label[orders], modulus)
    kept = [step for step in (0, 5, 10, 20, 50, 100, 200, 400) if step <= cell["steps"]]
    shares = []

    def observe(now: networks.Networks, step: int) -> None:
        shares.append(_shares(now, mask, couplings))

    networks.train(group, mask, steps=cell["steps"], frozen=() if biases else networks.BIASES, observe=observe,
                   observe_at=kept)  # fmt: skip
    return xr.Dataset({"explained": (("seed", "step", "field"), torch.stack(shares, 1).cpu().numpy())},
                      coords={"step": kept, "field": list(FIELDS)})  # fmt: skip


def _shares(now: networks.Networks, mask: Tensor, couplings) -> Tensor:
    """The four shares of FIELDS (s, 4)."""
    _, _, gradient = networks.loss_and_gradient(now, mask)
    points = tables.sum_points(now.embedding)
    true, permuted = ([forces.clustering(points, c), forces.alignment(points, c)] for c in couplings)
    chosen = (true, true[:1], true[1:], permuted)
    return torch.stack([explained_share(-gradient, fields) for fields in chosen], 1)


def explained_share(force: Tensor, fields: list[Tensor]) -> Tensor:
    """1 - |force - best combination of the fields|^2 / |force|^2, one coefficient for each field (s,)."""
    design = torch.stack([field.flatten(1) for field in fields], -1)
    target = force.flatten(1).unsqueeze(-1)
    gram = design.transpose(1, 2) @ design
    best = torch.linalg.lstsq(gram, design.transpose(1, 2) @ target).solution
    return 1 - (target - design @ best).square().sum((1, 2)) / target.square().sum((1, 2))


def explained(field: str, biases: bool, step: int):
    """Share that a field explains at a step, per seed."""
    return lambda data: data.explained.sel(field=field, biases=biases, step=step)


def alignment_lead(biases: bool):
    """Share of the alignment field minus share of the clustering field at step 50, per seed."""

    def lead(data):
        found = data.explained.sel(biases=biases, step=50)
        return found.sel(field="alignment") - found.sel(field="clustering")

    return lead


@experiment(
    "clustering-energy",
    chapter=CHAPTER,
    smoke=Profile(grid={"step_size": (0.003, 0.01, 0.1)}, seeds=6, settings={"modulus": 17, "steps": 150}),
    full=Profile(grid={"step_size": (0.003, 0.01, 0.1)}, seeds=64, settings={"modulus": 17, "steps": 400}),
    tolerances={
        "rise": Tolerance(rtol=1e-3, atol=1e-9),
        "mismatch": Tolerance(atol=1e-9),
        "energy": Tolerance(rtol=1e-3, atol=0.5),
    },
)
def clustering_energy(cell, seeds, device) -> xr.Dataset:
    """Particles that cluster, without scaling, by Euler steps of three sizes: their energy, its largest rise in
    one step over the energy's range, and the relative difference between the force and minus the energy's
    gradient by autograd.
    """
    modulus = cell["modulus"]
    start = particles.random_points(seeds, modulus, device=device)
    coupling = tables.coupling(tables.classes(modulus), modulus).to(device)
    moving = start.clone().requires_grad_()
    energy = forces.clustering_energy(tables.sum_points(moving), coupling)
    (gradient,) = torch.autograd.grad(energy.sum(), moving)
    force = particles.force(start, coupling, clustering=1.0, alignment=0.0)
    mismatch = (force + gradient).flatten(1).norm(dim=1) / force.flatten(1).norm(dim=1)
    energies = []

    def observe(points: Tensor, step: int) -> None:
        energies.append(forces.clustering_energy(tables.sum_points(points), coupling))

    particles.simulate(start, clustering=1.0, alignment=0.0, rms=None, steps=cell["steps"], observe=observe,
                       step_size=cell["step_size"])  # fmt: skip
    path = torch.stack(energies, 1)  # (s, steps + 1)
    rise = path.diff(dim=1).amax(1).clamp_min(0.0) / (path.amax(1) - path.amin(1))
    return xr.Dataset({"rise": ("seed", rise.cpu().numpy()), "mismatch": ("seed", mismatch.cpu().numpy()),
                       "energy": (("seed", "step"), path[:, ::10].cpu().numpy())},
                      coords={"step": list(range(0, cell["steps"] + 1, 10))})  # fmt: skip


def largest_rise(step_size: float):
    """Largest rise of the energy in one step over its range, per seed."""
    return lambda data: data.rise.sel(step_size=step_size)


def gradient_mismatch(data: xr.Dataset) -> xr.DataArray:
    """Relative difference between force and minus gradient, per seed."""
    return data.mismatch.isel(step_size=0)


@experiment(
    "circle-spectrum",
    chapter=CHAPTER,
    smoke=Profile(grid={"modulus": (13, 17, 23)}, seeds=6, settings={"disturbance": 1e-4}),
    full=Profile(grid={"modulus": (13, 17, 23)}, seeds=64, settings={"disturbance": 1e-4}),
    tolerances={
        "residual": Tolerance(atol=1e-11),
        "even_residual": Tolerance(rtol=1e-3),
        "leading": Tolerance(rtol=1e-8),
        "zero_modes": Tolerance(),
        "positive": Tolerance(),
        "distance": Tolerance(rtol=1e-3, atol=1e-9),
        "even_leading": Tolerance(rtol=1e-3),
        "time": Tolerance(rtol=1e-8),
        "step_size": Tolerance(rtol=1e-8),
    },
)
def circle_spectrum(cell, seeds, device) -> xr.Dataset:
    """A circle of frequency 2 under alignment: the force on it, the eigenvalues of the flow there, and how a
    disturbance of relative size 1e-4 decays in time; the same force and largest eigenvalue with one residue
    less (N even, jittered).
    """
    modulus = cell["modulus"]
    eigenvalues = equilibria.spectrum(modulus, 2)
    leading = float(eigenvalues[2])
    step_size, steps = 0.4 / abs(float(eigenvalues[-1])), 28
    jump = round(0.4 / (abs(leading) * step_size))  # 0.4 of the slowest mode's life between two observations
    noise = particles.random_points([seed + 2**47 for seed in seeds], modulus)
    start = particles.circle(modulus, 2) + cell["disturbance"] * noise
    path = []

    def observe(points: Tensor, step: int) -> None:
        if step % jump == 0:
            path.append(equilibria.distance_to_circle(points, 2))

    particles.simulate(start, clustering=0.0, alignment=1.0, rms=None, steps=steps * jump, observe=observe,
                       step_size=step_size)  # fmt: skip
    draw = torch.Generator().manual_seed(7)
    even = particles.circle(modulus - 1, 1)
    even = even + 1e-7 * torch.randn(even.shape, generator=draw, dtype=torch.float64)
    broken = torch.linalg.eigvals(equilibria.jacobian(even)).real.max()
    return xr.Dataset(
        {
            "residual": equilibria.residual_force(modulus, 2),
            "even_residual": float(equilibria.alignment_force(even).abs().max()),
            "leading": leading,
            "step_size": step_size,
            "zero_modes": int((eigenvalues.abs() < 1e-9).sum()),
            "positive": int((eigenvalues > 1e-9).sum()),
            "even_leading": float(broken),
            "distance": (("seed", "turn"), torch.stack(path, 1).numpy()),
            "time": ("turn", [step_size * jump * k for k in range(steps + 1)]),
        }
    )


def relaxation_over_leading(modulus: int):
    """Measured rate of decay of the disturbance, late in the run, over the leading eigenvalue's with the same
    Euler step, -log(1 + leading dt) / dt, per seed.
    """

    def ratio(data):
        found = data.sel(modulus=modulus)
        late = found.distance.assign_coords(turn=found.time.values).isel(turn=slice(20, None))
        return exponential_rate(late, "turn") * found.step_size / -np.log1p(found.leading * found.step_size)

    return ratio


def largest_residual(name: str):
    """Largest force on a circle over the moduli: `residual` or, with one residue less, `even_residual`."""
    return lambda data: data[name].max()


def wrong_modes(data: xr.Dataset) -> xr.DataArray:
    """Number of growing modes, plus the deviation of the number of zero modes from two, over the moduli."""
    return (data.positive + abs(data.zero_modes - 2)).max()


def even_growth(data: xr.Dataset) -> xr.DataArray:
    """Smallest over the moduli of the largest real part at a jittered circle of even order."""
    return data.even_leading.min()
