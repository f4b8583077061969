import pytest
import torch

from verified_dynamics.models import AttentionOnlyTransformer


def network(seed=0, **options):
    settings = {"layers": 2, "context": 12} | options
    layers = settings.pop("layers")
    return AttentionOnlyTransformer(
        7, 8, layers, 2, generator=torch.Generator().manual_seed(seed), **settings
    )


TOKENS = torch.randint(7, (3, 10), generator=torch.Generator().manual_seed(1))


def test_the_published_size_has_the_published_number_of_parameters():
    model = AttentionOnlyTransformer(
        5000, 256, 2, 8, context=1024, biases=True, generator=torch.Generator(), dtype=torch.float32
    )
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_355_016


def test_a_prediction_does_not_see_the_future():
    model, changed = network(), TOKENS.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % 7
    difference = (model(TOKENS) - model(changed)).abs()
    assert difference[:, :6].max() == 0
    assert difference[:, 6:].max() > 1e-3


def test_positions_steer_attention_and_are_not_copied():
    model = network(layers=1)
    same = torch.full((1, 10), 3)
    # One token everywhere: whatever the positions weigh, the weighted mean of equal values is that value.
    logits = model(same)
    assert torch.allclose(logits, logits[:, :1].expand_as(logits), rtol=1e-12, atol=1e-14)
    pattern = model.patterns(same)[0, 0, :, -1]
    assert (pattern - 0.1).abs().max() > 1e-2
    torch.nn.init.zeros_(model.position.weight)
    assert torch.allclose(model.patterns(same)[0, 0, :, -1], torch.full((2, 10), 0.1, dtype=torch.float64))


def test_patterns_are_the_causal_weights_with_which_the_values_are_mixed():
    model = network()
    patterns = model.patterns(TOKENS)
    assert patterns.shape == (3, 2, 2, 10, 10)
    assert torch.allclose(patterns.sum(-1), torch.ones(3, 2, 2, 10, dtype=torch.float64), rtol=1e-12)
    assert patterns.triu(1).abs().max() == 0
    block, x = model.blocks[0], model.token(TOKENS)
    values = block.attention.value(block.norm(x)).unflatten(-1, (2, 4)).transpose(1, 2)
    mixed = (patterns[:, 0] @ values).transpose(1, 2).flatten(2)
    expected = x + block.attention.output(mixed)
    assert torch.allclose(block(x, model.position(torch.arange(10))), expected, rtol=1e-12, atol=1e-14)


def test_the_first_layer_weighs_a_key_by_its_token_and_place_only():
    """Weights of two keys compare as before when any third token is exchanged; in the second layer they do not."""
    changed = TOKENS.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 7
    before, after = network().patterns(TOKENS), network().patterns(changed)
    ratios = [pattern[..., 9, 5] / pattern[..., 9, 7] for pattern in (before, after)]
    difference = (ratios[0] / ratios[1]).log().abs().amax(dim=(0, 2))
    assert difference[0] < 1e-12
    assert difference[1] > 1e-4


def test_bad_input_gets_one_sentence():
    with pytest.raises(ValueError, match="13 tokens are more than the context of 12"):
        network()(torch.zeros(1, 13, dtype=torch.long))
    with pytest.raises(ValueError, match="not divisible"):
        AttentionOnlyTransformer(7, 8, 1, 3, generator=torch.Generator())
    with pytest.raises(ValueError, match="layers"):
        network(layers=0)
