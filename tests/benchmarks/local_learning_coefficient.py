"""Side by side with devinterp 2.0.1: draws per CPU second of both samplers at equal settings, and their estimates.

Run: `OMP_NUM_THREADS=1 python tests/benchmarks/local_learning_coefficient.py PEER`, where PEER is a Python interpreter
that has devinterp (`python -m venv v; v/bin/pip install devinterp==2.0.1`; then PEER is v/bin/python). Both measure
their own process's CPU time, one thread, by turns; a ratio is taken within one turn, and the table gives the median.
A draw is one step of one chain. `whole call` contains everything after the imports, `further draws` is the cost of
doubling the draws.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

SAMPLES, BATCH, DRAWS, TURNS = 1024, 256, 400, 3
SETTINGS = {"dln": dict(step=3e-5, localization=1.0), "mlp": dict(step=1e-4, localization=10.0)}
CHAINS, PEER_CHAINS = (4, 32), 4  # the peer runs its chains one after another: their number does not matter


def problem(name: str):
    """Model at a minimum, samples' losses as a function, and data, all in float32; trained from fixed seeds."""
    torch.manual_seed(0)
    if name == "dln":
        x = torch.randn(SAMPLES, 8)
        layers = [nn.Linear(8, 8, bias=False) for _ in range(3)]
        for layer in layers:
            nn.init.eye_(layer.weight)
        y = x + torch.randn(SAMPLES, 8)
        return nn.Sequential(*layers), lambda model, x, y: 0.5 * (model(x) - y).square().sum(dim=-1), (x, y)
    from sklearn.datasets import load_digits

    x, y = (torch.as_tensor(column[:SAMPLES]) for column in load_digits(return_X_y=True))
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    return (
        model,
        lambda model, x, y: nn.functional.cross_entropy(model(x), y, reduction="none"),
        ((x / 16).float(), y),
    )


def trained(name: str) -> nn.Module:
    """The model after full-batch training."""
    model, losses, data = problem(name)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for rate in (1e-2, 1e-3):
        optimizer.param_groups[0]["lr"] = rate
        for _ in range(200):
            optimizer.zero_grad()
            losses(model, *data).mean().backward()
            optimizer.step()
    return model


def ours(name: str, model: nn.Module, n_beta: float, chains: int, draws: int) -> dict:
    """CPU seconds and estimate of one call of the book's estimator."""
    from verified_dynamics.degeneracy.local_learning_coefficient import local_learning_coefficient

    _, losses, data = problem(name)
    start = time.process_time()
    found = local_learning_coefficient(
        model, lambda *batch: losses(*batch).mean(), data, chains=chains, draws=draws, burn_in=0,
        temperature=SAMPLES / n_beta, batch_size=BATCH, **SETTINGS[name],
    )  # fmt: skip
    seconds = time.process_time() - start
    return {"seconds": seconds, "estimate": found.estimate, "error": found.standard_error}


def peers(name: str, model: nn.Module, n_beta: float, chains: int, draws: int) -> dict:
    """The same of devinterp, whose data are rows of token indices: here each row is the index of a sample."""
    from datasets import Dataset
    from devinterp.slt.llc import compute_llc, sample

    _, losses, data = problem(name)
    rows = Dataset.from_dict({"input_ids": [[i, 0] for i in range(SAMPLES)]}).with_format("torch")

    def loss(model, index):
        return losses(model, *(column[index[:, 0]] for column in data))[:, None]

    start = time.process_time()
    settings = SETTINGS[name]
    with tempfile.TemporaryDirectory() as folder:
        found = compute_llc(
            sample(
                model, rows, {}, lr=settings["step"], n_beta=n_beta, localization=settings["localization"],
                num_chains=chains, num_draws=draws, batch_size=BATCH, device="cpu", loss_fn=loss,
                match_sampling_input_ids_across_chains=False, output_path=f"{folder}/draws",
            )
        )  # fmt: skip
        each = [float(value) for value in found.llc_per_chain]
    seconds = time.process_time() - start
    error = statistics.stdev(each) / len(each) ** 0.5
    return {"seconds": seconds, "estimate": statistics.mean(each), "error": error}


def timed(measure, name: str, model: nn.Module, n_beta: float, chains: int) -> dict:
    """Draws per CPU second of a whole call and of further draws."""
    measure(name, model, n_beta, 2, 20)  # what is done once in a process is not counted
    once, twice = (measure(name, model, n_beta, chains, draws) for draws in (DRAWS, 2 * DRAWS))
    further = twice["seconds"] - once["seconds"]
    return {**once, "whole": chains * DRAWS / once["seconds"], "further": chains * DRAWS / further}


def by_peer(peer: str, name: str, path: Path, n_beta: float) -> dict:
    """`timed(peers, ...)` in the peer's interpreter."""
    command = [peer, __file__, "--as-peer", name, str(path), str(n_beta)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The peer failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main(peer: str) -> None:
    """Print the table."""
    n_beta = SAMPLES / torch.log(torch.tensor(float(SAMPLES))).item()
    print(
        f"n = {SAMPLES}, batch {BATCH}, {DRAWS} draws, nβ = {n_beta:.1f}, float32, one thread, {TURNS} turns"
    )
    print("| model | chains | whole call: draws / CPU s (ratio) | further draws / CPU s (ratio) | estimate |")
    for name in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            path, model = Path(folder) / "model.pt", trained(name)
            torch.save(model.state_dict(), path)
            turns = []
            for _ in range(TURNS):
                turn = {"peer": by_peer(peer, name, path, n_beta)}
                turns.append(turn | {chains: timed(ours, name, model, n_beta, chains) for chains in CHAINS})
        for key in ("peer", *CHAINS):
            cells = [f"{statistics.median(t[key][kind] for t in turns):8.0f} "
                     f"({statistics.median(t[key][kind] / t['peer'][kind] for t in turns):.1f})"
                     for kind in ("whole", "further")]  # fmt: skip
            last = turns[-1][key]
            label = f"devinterp, {PEER_CHAINS}" if key == "peer" else key
            print(
                f"| {name} | {label} | {' | '.join(cells)} | {last['estimate']:.2f} ± {last['error']:.2f} |"
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] == "--as-peer":
        _, _, kind, file, temperature = sys.argv
        network = problem(kind)[0]
        network.load_state_dict(torch.load(file))
        print(json.dumps(timed(peers, kind, network, float(temperature), PEER_CHAINS)))
    else:
        main(sys.argv[1])
