"""The degree of every module's output, propagated symbolically, and the rate of approach that follows from
it.
"""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from verified_dynamics.margin.saturation.forward import leading_forward
from verified_dynamics.margin.saturation.orders import Order


@dataclass(frozen=True)
class DegreeRow:
    """One module: its path in the model, its class, and the order of its output in all parameters together."""

    path: str
    kind: str
    order: Order

    @property
    def degree(self) -> Fraction:
        """The degree k of f(cθ) = c^k (value + …)."""
        return self.order.degree

    def __str__(self) -> str:
        return f"{self.path or '(model)'} [{self.kind}]: {self.order}"


def degree_table(model: nn.Module, *inputs: Tensor, call=None) -> list[DegreeRow]:
    r"""The order of each module's output, in the order of evaluation, for one input.

    The degrees do not depend on the input; the forward pass is run once because a model's graph is what its
    code does. `call` names a method to run instead of the model's forward. Raises SaturationError for an
    operation without a rule. Source: Merrill et al. 2021, table 1, with degree 2 for an attention head
    instead of their 1.
    """
    rows: list[DegreeRow] = []
    seen: list[tuple[str, nn.Module, Tensor]] = []
    handles = [
        module.register_forward_hook(lambda m, _, output, path=path: seen.append((path, m, output)))
        for path, module in model.named_modules()
    ]
    try:
        _, mode = leading_forward(model, *inputs, call=call)
    finally:
        for handle in handles:
            handle.remove()
    for path, module, output in seen:
        if isinstance(output, Tensor):
            rows.append(DegreeRow(path, type(module).__name__, mode.order(output)))
    return rows


def approach_exponent(model: nn.Module, *inputs: Tensor, call=None) -> float | None:
    r"""The predicted p in $1 - \cos(f(c\theta), \mathrm{sf}) \propto c^{-p}$; None where the approach is
    exponential.

    A relative correction of order $c^{-g}$ turns the direction by an angle of that order, hence p = 2 g. It
    holds beyond the largest c at which some score is still nearly tied.
    """
    output, mode = leading_forward(model, *inputs, call=call)
    correction = mode.order(output).correction
    return None if correction is None else float(2 * correction)
