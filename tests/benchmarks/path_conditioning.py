"""Side by side: path conditioning against the published code, and the three solvers against each other.

Run: `OMP_NUM_THREADS=1 python tests/benchmarks/path_conditioning.py --official FOLDER`, FOLDER being a checkout of the
repository Artim436/pathcond, which is no part of this project; without it, only this library is measured.  CPU seconds
on one thread; ratios are taken within one run, which takes six minutes or more.
"""

import argparse
import copy
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import torch
from path_conditioning_networks import CHAINS, IMAGE, many_nets, residual_network
from published_path_conditioning import Published
from torch import Tensor, nn

from verified_dynamics.symmetry import path_condition, rescaling_invariance
from verified_dynamics.symmetry.path_conditioned_training import (
    Objective,
    block_updates,
    newton,
    path_diagonal,
    sequential,
)

ROUNDS = 3


def clocked(function, *arguments):
    """The result and the CPU seconds of one call."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def rescaled(model: nn.Module, z: Tensor, groups) -> nn.Module:
    copied = copy.deepcopy(model)
    rescaling_invariance.rescale(copied, torch.exp(z.double() / 2), groups=groups)
    return copied


def weight_difference(first: nn.Module, second: nn.Module) -> float:
    """Largest relative difference of a weight."""
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return max(float(((a.double() - b.double()) / b.double()).detach().abs().max()) for a, b in pairs)


def same_sweeps(published: Published) -> None:
    """Ten sweeps against ten sweeps, both on the published diagonal, and how far each stops from the optimum."""
    print("\nTen sweeps of both on the published diagonal: largest relative difference of a weight")
    for name, (make, example) in CHAINS.items():
        for dtype in (torch.float32, torch.float64):
            model = make().to(dtype)
            groups = rescaling_invariance.scale_groups(model, example.to(dtype))
            diagonal = {n: g.double() for n, g in published.diagonal(model).items()}
            objective = Objective.build(groups, diagonal)
            ours = sequential(objective, tol=0.0, max_sweeps=10)
            apart = [
                weight_difference(rescaled(model, z, groups), rescaled(model, ours.z, groups))
                for z in (published.rounded(model), published.unrounded(model))
            ]
            own = path_diagonal(model, example.to(dtype))
            print(
                f"  {name}, {dtype}: {apart[0]:.1e}, without the rounding of its z to float32 {apart[1]:.1e}; "
                f"diagonals differ by {diagonal_difference(own, diagonal):.1e}"
            )
        best = newton(objective)
        values = {
            "start": torch.zeros_like(best.z),
            "published, 10 sweeps": published.rounded(model).double(),
            "ours, 10 sweeps": ours.z,
            "ours, converged": best.z,
        }
        for label, z in values.items():
            j, gap = float(objective.value(z)), float(objective.imbalance(z))
            print(
                f"    {label:21s} J = {j:.1f}, log AM/GM = {gap:.6f}, max |z - z*| = {(z - best.z).abs().max():.2g}"
            )


def diagonal_difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """Largest relative difference of two diagonals, each of which is known up to one factor."""
    a, b = (torch.cat([g[n].double().flatten() for n in first]) for g in (first, second))
    log_ratio = torch.log(a / b)[(a > 0) & (b > 0)]
    return float(torch.expm1(log_ratio - log_ratio.median()).abs().max())


def end_to_end(published: Published | None) -> None:
    """CPU seconds of one converged call against the published ten sweeps, on copies of the same network."""
    print(
        "\nOne call in float32, CPU seconds: trace, path pass, solve to a residual of 1e-8, rescale, check the output"
    )
    nets = {
        name: (*CHAINS[name], wanted) for name, wanted in (("784-512-512-10", 20), ("9 convolutions", 20))
    }
    residual = published.resnet if published else residual_network
    nets["18-layer residual"] = (residual, IMAGE, 15)
    for name, (make, example, wanted) in nets.items():
        model = make()
        path_condition(copy.deepcopy(model), example, dry_run=True)
        rows = [one_round(published, model, example) for _ in range(ROUNDS)]
        report, ours = rows[-1][0], [row[1] for row in rows]
        assert report.converged and report.residual <= 1e-8, report
        text = f"  {name}: {min(ours):.3f} (median {statistics.median(ours):.3f})"
        if published:
            theirs = [row[2] for row in rows]
            ratios = [t / o for t, o in zip(theirs, ours, strict=True)]
            text += (
                f", published {min(theirs):.2f} (median {statistics.median(theirs):.2f}), ratio of paired runs "
                f"at least {min(ratios):.1f}, median {statistics.median(ratios):.1f} (wanted {wanted})"
            )
        print(text)
        print(
            f"    {report.iterations} steps, {report.products} products, residual {report.residual:.1e}, imbalance "
            f"{report.imbalance_before:.4f} -> {report.imbalance_after:.4f}, output change {report.output_change:.1e}"
        )


def one_round(published: Published | None, model: nn.Module, example: Tensor):
    """The report and the CPU seconds of our call, and those of the published ten sweeps."""
    report, ours = clocked(path_condition, copy.deepcopy(model), example)
    if published is None:
        return report, ours, None
    call = published.call_on_resnet if hasattr(model, "layer1") else published.call
    return report, ours, clocked(call, copy.deepcopy(model))[1]


def solvers() -> None:
    """Steps, products with the matrix of masses and CPU seconds of the three solvers on the same objectives."""
    print("\nThe solvers, converged to a residual of 1e-8, without a limit on the scales")
    for name, (make, example) in CHAINS.items():
        model = make()
        groups = rescaling_invariance.scale_groups(model, example)
        objective = Objective.build(groups, path_diagonal(model, example))
        best = None
        for solver in (newton, block_updates, sequential):
            if solver is sequential and groups.count > 1100:
                continue  # a thousand sweeps of a thousand updates
            found, seconds = clocked(solver, objective)
            best = found.z if best is None else best
            print(
                f"  {name}, {solver.__name__}: {found.iterations} iterations, {found.products} products, "
                f"{seconds:.3f} s, residual {float(found.residual):.1e}, converged {bool(found.converged)}, "
                f"max |z - z of newton| = {(found.z - best).abs().max():.1e}"
            )


def outputs(model: nn.Module, x: Tensor) -> list[Tensor]:
    """In evaluation and in training mode, in float64."""
    copied = copy.deepcopy(model).double()
    return [copied.train(mode)(x.double()).detach() for mode in (False, True)]


def outcome(conditioned, model: nn.Module, x: Tensor) -> str:
    """What a call does to the function and to the weights of a copy of ``model``, or the error that it raises."""
    changed = copy.deepcopy(model)
    try:
        conditioned(changed, x)
    except Exception as error:  # whatever a call raises is its outcome here
        return f"{type(error).__name__}: {str(error).splitlines()[0][:60]}"
    pairs = zip(outputs(changed, x), outputs(model, x), strict=True)
    evaluation, training = (float((new - old).norm() / old.norm()) for new, old in pairs)
    moved = any(not torch.equal(a, b) for a, b in zip(changed.parameters(), model.parameters(), strict=True))
    return (
        f"output change {evaluation:.1e} (train {training:.1e}), weights {'moved' if moved else 'unchanged'}"
    )


def robustness(published: Published | None) -> None:
    """Relative change of the output, in evaluation and training mode, over architectures."""
    print("\nThe public calls over architectures, in float32")
    for name, (model, x) in many_nets().items():
        print(f"  {name}")
        if published:
            print(f"    published: {outcome(lambda changed, _: published.call(changed), model, x)}")
        print(f"    ours:      {outcome(path_condition, model, x)}")
        report = path_condition(copy.deepcopy(model), x, dry_run=True)
        print(
            f"               {report.groups.count} groups, {len(report.groups.pinned)} pinned, "
            f"imbalance {report.imbalance_before:.4f} -> {report.imbalance_after:.4f}"
        )


def memory() -> None:
    """Peak memory of one call on the residual network, in a process of its own."""
    child = (
        "import resource, torch\n"
        "from path_conditioning_networks import IMAGE, residual_network\n"
        "from verified_dynamics.symmetry import path_condition\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "torch.set_num_threads(1)\n"
        "model = residual_network()\n"
        "before = peak()\n"
        "path_condition(model, IMAGE)\n"
        "size = sum(p.numel() * p.element_size() for p in model.parameters()) / 2**20\n"
        "print(f'{before:.0f} MiB with the model of {size:.0f} MiB, {peak():.0f} MiB at the peak of the call')\n"
    )
    here = Path(__file__).parent
    found = subprocess.run(
        [sys.executable, "-c", child], cwd=here, capture_output=True, text=True, check=True
    )
    print(f"\nMemory of one call on an 18-layer residual network: {found.stdout.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--official", metavar="FOLDER", help="a checkout of the repository Artim436/pathcond")
    folder = parser.parse_args().official
    memory()  # first: a child inherits the peak of its parent
    published = Published(folder) if folder else None
    if published:
        same_sweeps(published)
    else:
        print(
            "Only this library is measured; for the comparison, fetch the repository Artim436/pathcond and give its "
            "folder by --official."
        )
    end_to_end(published)
    solvers()
    robustness(published)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # of TorchScript, which the published code is written in
    main()
