r"""The diagonal of the path-magnitude matrix :math:`G = \partial\Phi^\top\partial\Phi` of any traced network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.path_pass import PathPass
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroupError
from verified_dynamics.symmetry.rescaling_invariance.tensor_shapes import (
    ForwardPass,
    forward_pass,
    tensor_shapes,
)


def path_diagonal(
    model: nn.Module, example_input: Tensor | Sequence[Tensor] | ForwardPass, *, biases: bool = True
) -> dict[str, Tensor]:
    """g = diag G by parameter name in float64, up to one factor that all of them share.

    One pass with |θ|² on an input of ones and its derivative.  Layers that paths do not describe end the paths that
    reach them and start others; a normalisation divides by the mass that it sees.  Elements on no path have g = 0.
    Without ``biases`` no path starts at a bias, and g = 0 for them.
    """
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    return diagonal_function(model, example_input, biases=biases)(parameters)


def diagonal_function(
    model: nn.Module, example_input: Tensor | Sequence[Tensor] | ForwardPass, *, biases: bool = True
) -> Callable[[Mapping[str, Tensor]], dict[str, Tensor]]:
    """The map from parameters to g for networks of one architecture; ``torch.func.vmap`` stacks it."""
    run = _smallest(model, forward_pass(model, example_input))

    def diagonal(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
        left_out = {} if biases else {name: None for name in parameters if is_bias(name)}
        powers = {n: p.to(torch.float64) ** 2 for n, p in parameters.items() if n not in left_out}
        some = next(iter(parameters.values()))
        ones = [torch.ones(x.shape, dtype=torch.float64, device=some.device) for x in run.inputs]

        def total(powers: Mapping[str, Tensor]) -> Tensor:
            return PathPass(model, run.graph, {**powers, **left_out}, 2.0, shapes=run.shapes).total(ones)[0]

        found = torch.func.grad(total)(powers)
        return {
            name: found.get(name, torch.zeros_like(p, dtype=torch.float64)) for name, p in parameters.items()
        }

    return diagonal


def is_bias(name: str) -> bool:
    """Whether a parameter is the bias of its layer (the shift of a normalisation included)."""
    return name.rpartition(".")[2] == "bias"


def _smallest(model: nn.Module, run: ForwardPass) -> ForwardPass:
    """The pass on one example of the batch, or on the whole batch where the model refuses one alone."""
    stacks = [isinstance(x, Tensor) and x.dim() > 0 and len(x) == len(run.inputs[0]) > 1 for x in run.inputs]
    if stacks and all(stacks):
        alone = tuple(x[:1] for x in run.inputs)
        try:
            return ForwardPass(run.graph, alone, tensor_shapes(model, run.graph, alone))
        except ScaleGroupError:  # the model's own code may ask for its batch
            pass
    return run
