"""Side by side: batched flows against a loop, and the reference solver against scikit-learn's.

Run: `OMP_NUM_THREADS=1 python tests/benchmarks/max_margin.py`. Ratios are taken within one run.
"""

import time
import warnings

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVC, LinearSVC

from verified_dynamics.margin import max_margin


def clocked(function, repeats: int = 1):
    """The result, and the smallest CPU time of `repeats` calls in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return result, min(times)


def flows(count: int = 48, alone: int = 6) -> float:
    """How many times faster `count` flows to log t = 160 are in one call; the loop is timed on `alone` of them."""
    x = max_margin.generic_data_sets(range(count))
    together, batched = clocked(lambda: max_margin.flow(x, [160.0]), repeats=2)
    single, looped = clocked(lambda: torch.stack([max_margin.flow(rows, [160.0]) for rows in x[:alone]]))
    torch.testing.assert_close(together[:alone], single, rtol=1e-10, atol=1e-10)
    ratio = looped / alone * count / batched
    print(f"{count} flows to log t = 160: {batched:.2f} s in one call, {ratio:.1f} times the loop's speed")
    return ratio


def digits(first: int, second: int) -> np.ndarray:
    x, y = load_digits(return_X_y=True)
    chosen = np.isin(y, (first, second))
    rows = (
        np.hstack([x[chosen] / 16, np.ones((chosen.sum(), 1))])
        * np.where(y[chosen] == first, 1.0, -1.0)[:, None]
    )
    return rows / np.linalg.norm(rows, axis=1).max()


def solvers(first: int, second: int) -> None:
    """Margin, direction and time of the reference and of scikit-learn's classifiers at C = 1e10 on digits."""
    rows = digits(first, second)
    found, seconds = clocked(lambda: max_margin.reference(rows), repeats=3)
    print(
        f"digits {first} and {second}: n, d = {rows.shape}, gamma = {found.gamma:.6f}, {len(found.support)} support"
    )
    print(f"  reference: KKT residual {found.kkt_residual:.1e}, {1e3 * seconds:.1f} ms")
    assert found.kkt_residual <= 1e-12
    both = np.vstack([rows, -rows])  # the classifiers want two classes: each row and its mirror image
    labels = np.repeat([1, -1], len(rows))
    peers = {
        "SVC(C=1e10)": SVC(C=1e10, kernel="linear"),
        "SVC(C=1e10, tol=1e-10)": SVC(C=1e10, kernel="linear", tol=1e-10),
        "LinearSVC(C=1e10)": LinearSVC(C=1e10, loss="hinge", fit_intercept=False, max_iter=20_000),
    }
    for name, peer in peers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, spent = clocked(lambda peer=peer: peer.fit(both, labels))
        w = peer.coef_[0]
        direction = np.linalg.norm(w / np.linalg.norm(w) - found.u)
        margin = (rows @ w).min() / np.linalg.norm(w)
        short = found.gamma - margin
        print(f"  {name}: direction error {direction:.1e}, margin short by {short:.1e}, {1e3 * spent:.1f} ms")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if flows() < 20:
        raise SystemExit("Forty-eight flows in one call are less than 20 times as fast as one by one.")
    solvers(0, 1)
    solvers(3, 8)
