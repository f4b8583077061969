"""Many networks of one architecture as one: stacked tensors, and a template without values that runs on them."""

import copy
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from verified_dynamics.ensemble.errors import EnsembleError
from verified_dynamics.ensemble.same_everywhere import SameEverywhere


class Member:
    """One member as a function of its input; also holds its `parameters` and `buffers` by name."""

    def __init__(self, template: nn.Module, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor]):
        self.template, self.parameters, self.buffers = template, parameters, buffers

    def __call__(self, *inputs, **options):
        """The template's output with this member's tensors."""
        tensors = (self.parameters, self.buffers)
        return torch.func.functional_call(self.template, tensors, inputs, options)


def seeded(make: Callable[[torch.Generator], nn.Module], seed: int) -> nn.Module:
    """make(generator) with a CPU generator of this seed; draws from torch's global CPU generator are seeded too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = make(generator)
    if not isinstance(module, nn.Module):
        raise EnsembleError(f"make(generator) must return a torch.nn.Module, not {type(module).__name__}.")
    return module


def stack(tensors: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Stack the tensors of the same name along a new first dimension (members, *shape)."""
    maps = list(tensors)
    for k, other in enumerate(maps):
        if _shapes(other) != _shapes(maps[0]):
            raise EnsembleError(
                f"All members of an ensemble have the same architecture, but the tensors of member {k} "
                "differ from those of member 0 in name, shape or dtype."
            )
    return {name: torch.stack([m[name].detach() for m in maps]) for name in maps[0]}


def template_of(module: nn.Module) -> nn.Module:
    """A copy of the module whose tensors hold no values (device `meta`), with ties between them kept."""
    memo: dict[int, object] = {}
    for parameter in module.parameters():
        memo[id(parameter)] = nn.Parameter(
            parameter.detach().to("meta"), requires_grad=parameter.requires_grad
        )
    for buffer in module.buffers():
        memo[id(buffer)] = buffer.detach().to("meta")
    return copy.deepcopy(module, memo)


def filled(template: nn.Module, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor]) -> nn.Module:
    """A copy of the template that holds copies of these tensors."""
    memo: dict[int, object] = {}
    for name, parameter in template.named_parameters():
        values = parameters[name].detach().clone()
        memo[id(parameter)] = nn.Parameter(values, requires_grad=parameter.requires_grad)
    for name, buffer in template.named_buffers():
        memo[id(buffer)] = buffers[name].detach().clone()
    return copy.deepcopy(template, memo)


def doubled(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Two copies (2, *shape) of one stacked member (1, *shape).

    A batch of one takes other kernels than a batch of many (its first dimension is merged into the next, which
    changes the order of sums), so its last bits would differ; a lone member therefore always runs as two.
    """
    return {name: torch.cat([tensor, tensor]) for name, tensor in tensors.items()}


def over_members(function: Callable) -> Callable:
    """vmap over the first dimension of every argument, by operations that treat all members alike.

    Raises EnsembleError where a member draws random numbers.
    """
    mapped = torch.func.vmap(function, randomness="error")

    def call(*arguments):
        try:
            with SameEverywhere():
                return mapped(*arguments)
        except RuntimeError as error:
            if "randomness" not in str(error):
                raise
        raise EnsembleError(
            "The network draws random numbers while it runs (dropout, for instance), which would depend on the "
            "size of the ensemble: put it in evaluation mode or draw the noise beforehand and pass it as data."
        )

    return call


def _shapes(tensors: Mapping[str, Tensor]) -> list:
    return [(name, tensor.shape, tensor.dtype) for name, tensor in tensors.items()]
