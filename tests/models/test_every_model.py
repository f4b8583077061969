"""What all models promise: seeded from one generator, traceable, stackable, in the asked dtype."""

import copy

import pytest
import torch
from torch.func import functional_call, grad, stack_module_state, vmap

from verified_dynamics.models import (
    MASKS,
    MLP,
    NORMALISATIONS,
    AttentionOnlyTransformer,
    ConvNet,
    DenseNet,
    ResNet,
    Transformer,
)

MEMBERS = 3


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


IMAGES = torch.randn(5, 3, 8, 8, generator=generator(9), dtype=torch.float64)
TOKENS = torch.randint(7, (4, 10), generator=generator(1))

MODELS = {
    "mlp": (lambda **o: MLP((192, 5, 4, 2), **o), IMAGES.flatten(1)),
    "mlp batch norm": (lambda **o: MLP((192, 5, 4, 2), batch_norm=True, bias=False, **o), IMAGES.flatten(1)),
    "conv": (lambda **o: ConvNet((3, 4, 8), 2, groups=2, batch_norm=True, **o), IMAGES),
    "conv strided": (lambda **o: ConvNet((3, 4, 8), 2, stride=2, pooling="none", **o), IMAGES),
    "conv depthwise": (lambda **o: ConvNet((3, 4), 2, depthwise=True, image_size=8, **o), IMAGES),
    "residual": (lambda **o: ResNet(2, blocks=(2, 1), **o), IMAGES),
    "residual plain": (lambda **o: ResNet(2, batch_norm=False, **o), IMAGES),
    "residual eighteen": (lambda **o: ResNet.eighteen(2, width=4, **o), IMAGES),
    "dense": (lambda **o: DenseNet(2, batch_norm=True, **o), IMAGES),
    **{
        f"transformer {norm} {mask}": (
            lambda norm=norm, mask=mask, **o: Transformer(7, 8, 2, 2, normalisation=norm, mask=mask, **o),
            TOKENS,
        )
        for norm in NORMALISATIONS
        for mask in MASKS
    },
    "attention only": (lambda **o: AttentionOnlyTransformer(7, 8, 2, 2, **o), TOKENS),
    "attention only biases": (
        lambda **o: AttentionOnlyTransformer(7, 8, 2, 2, biases=True, final_norm=False, **o),
        TOKENS,
    ),
}
every_model = pytest.mark.parametrize("make, x", MODELS.values(), ids=MODELS)


@every_model
def test_a_seed_determines_the_network_and_the_global_generator_is_left_alone(make, x):
    before = torch.get_rng_state()
    first, again, other = (make(generator=generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


@every_model
def test_a_symbolic_trace_computes_the_same(make, x):
    model = make(generator=generator())
    assert torch.equal(torch.fx.symbolic_trace(copy.deepcopy(model))(x), model(x))


@every_model
def test_stacked_members_equal_single_ones(make, x):
    members = [make(generator=generator(seed)) for seed in range(MEMBERS)]
    single = torch.stack([copy.deepcopy(member)(x) for member in members])
    parameters, buffers = stack_module_state(members)

    def run(parameters, buffers):
        return functional_call(members[0], (parameters, buffers), (x,))

    assert torch.allclose(vmap(run)(parameters, buffers), single, rtol=1e-12, atol=1e-14)
    gradients = vmap(grad(lambda *state: run(*state).square().sum()))(parameters, buffers)
    assert all(torch.isfinite(value).all() for value in gradients.values())


@every_model
def test_float32_gives_the_rounded_float64_network(make, x):
    exact, rounded = (make(generator=generator(), dtype=dtype) for dtype in (torch.float64, torch.float32))
    assert {parameter.dtype for parameter in rounded.parameters()} == {torch.float32}
    for a, b in zip(exact.parameters(), rounded.parameters(), strict=True):
        assert torch.equal(a.float(), b)
    inputs = x if x.dtype == torch.long else x.float()
    assert rounded(inputs).dtype == torch.float32


@every_model
def test_an_integer_dtype_and_a_missing_generator_are_refused(make, x):
    with pytest.raises(TypeError, match="floating-point"):
        make(generator=generator(), dtype=torch.int64)
    with pytest.raises(TypeError, match=r"torch\.Generator"):
        make(generator=7)
