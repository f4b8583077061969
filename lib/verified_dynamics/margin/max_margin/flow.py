"""Gradient flow of the exponential and logistic losses in log-time, where t = e^1000 is a thousand units away."""

import math

import torch

_STABLE = 2.5  # the classical Runge-Kutta method is stable on the negative axis up to 2.78


def flow(x, log_time, *, start=None, step: float = 0.05, loss: str = "exponential") -> torch.Tensor:
    r"""Gradient flow w' = -grad L of the summed loss on the rows of `x`, at the given values of log t.

    With tau = log(t + t_0) the flow reads dw/dtau = X^T exp(tau - X w), whose right-hand side stays of order
    1/gamma^2: nothing overflows or underflows however large t is. Here 1/t_0 is the largest eigenvalue that the
    Jacobian can have at the start, so that the scale of the data does not matter. Classical Runge-Kutta with steps
    of at most `step` in tau.

    x: (..., n, d), labels absorbed, any number of data sets at once, on any device; log_time: increasing (T,);
    start: (..., d), zero by default; loss: "exponential" or "logistic".
    Returns w (..., T, d) in the dtype of x. Cost: O(n d) per step and data set, 20 steps per unit of log-time.
    Raises ValueError where data, times or loss do not fit and where `step` is too large for the data.
    Source: Soudry et al. 2018, equation 2; the change of time is ours.
    """
    x, times = _checked(x, log_time, loss)
    w = torch.zeros_like(x[..., 0, :]) if start is None else torch.as_tensor(start).to(x)
    if w.shape != x[..., 0, :].shape:
        raise ValueError(f"The start must have the shape {tuple(x[..., 0, :].shape)}, not {tuple(w.shape)}.")
    tau = log_origin = -math.log(_stiffness(x, w, 0.0, loss))
    recorded = []
    for log_t in times:
        target = max(log_t, log_origin) + math.log1p(math.exp(-abs(log_t - log_origin)))
        steps = max(1, math.ceil((target - tau) / step - 1e-9))
        h = (target - tau) / steps
        for k in range(steps):
            w = _runge_kutta(x, w, tau + k * h, h, loss)
        tau = target
        _check_stability(x, w, tau, h, loss)
        recorded.append(w)
    return torch.stack(recorded, dim=-2)  # (..., T, d)


def velocity(x: torch.Tensor, w: torch.Tensor, tau: float, loss: str = "exponential") -> torch.Tensor:
    """dw/dtau (..., d): X^T exp(tau - X w), or X^T exp(tau) sigmoid(-X w); x (..., n, d), w (..., d)."""
    return (_weights(x, w, tau, loss).unsqueeze(-2) @ x).squeeze(-2)


def _weights(x, w, tau, loss):
    margins = (x @ w.unsqueeze(-1)).squeeze(-1)  # (..., n)
    if loss == "logistic":
        return torch.exp(tau + torch.nn.functional.logsigmoid(-margins))
    return torch.exp(tau - margins)


def _runge_kutta(x, w, tau, h, loss):
    first = velocity(x, w, tau, loss)
    second = velocity(x, w + h / 2 * first, tau + h / 2, loss)
    third = velocity(x, w + h / 2 * second, tau + h / 2, loss)
    fourth = velocity(x, w + h * third, tau + h, loss)
    return w + h / 6 * (first + 2 * (second + third) + fourth)


def _stiffness(x, w, tau, loss) -> float:
    """Largest sum_n weights_n |x_n|^2: the Jacobian -X^T diag(weights) X has eigenvalues between its negative and 0."""
    return float((_weights(x, w, tau, loss) * x.square().sum(-1)).sum(-1).max())


def _check_stability(x, w, tau, h, loss):
    stiffness = _stiffness(x, w, tau, loss)
    if not math.isfinite(stiffness) or h * stiffness > _STABLE:
        advice = f"at most {1 / stiffness:.2g}" if math.isfinite(stiffness) else "a smaller step"
        raise ValueError(f"The step {h:.3g} is too large for these data at log t = {tau:.3g}: use {advice}.")


def _checked(x, log_time, loss):
    x = torch.as_tensor(x)
    if loss not in ("exponential", "logistic"):
        raise ValueError(f"The loss must be 'exponential' or 'logistic', not {loss!r}.")
    if x.ndim < 2 or 0 in x.shape:
        raise ValueError(f"The data must have the shape (..., samples, features), not {tuple(x.shape)}.")
    if not x.is_floating_point():
        x = x.double()
    if not bool(torch.isfinite(x).all()):
        raise ValueError("The data hold a value that is not finite.")
    times = torch.as_tensor(log_time, dtype=torch.float64).flatten().tolist()
    if not times or not all(map(math.isfinite, times)) or sorted(set(times)) != times:
        raise ValueError("The values of log t must be finite and increasing.")
    if not bool(x.any(-1).any(-1).all()):
        raise ValueError("One of the data sets is zero, so that nothing moves.")
    return x, times
