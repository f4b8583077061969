import pytest
import torch

from verified_dynamics.data import DataSet, digits


def test_digits_are_scaled_and_complete():
    data = digits()
    assert data.x.shape == (1797, 64)
    assert data.x.dtype == torch.float64
    assert data.x.min() == 0
    assert data.x.max() == 1
    assert torch.bincount(data.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert torch.equal(data.x * 16, (data.x * 16).round())


def test_classes_are_numbered_in_the_order_in_which_they_are_named():
    data, everything = digits(classes=(7, 2)), digits()
    assert data.classes == ("7", "2")
    chosen = torch.isin(everything.y, torch.tensor([2, 7]))
    assert torch.equal(data.x, everything.x[chosen])
    assert torch.equal(data.y, (everything.y[chosen] == 2).long())


def test_limit_keeps_the_first_samples():
    data = digits(limit=200, dtype=torch.float32)
    assert data.x.dtype == torch.float32
    assert torch.equal(data.x, digits().x[:200].float())
    assert torch.equal(data.y, digits().y[:200])


@pytest.mark.parametrize(
    "options", [{"classes": (3, 11)}, {"classes": (3, 3)}, {"classes": ()}, {"limit": 0}, {"limit": 1798}]
)
def test_classes_and_limits_that_do_not_exist_are_refused(options):
    with pytest.raises(ValueError, match=r"digits.*but (it is|they are)") as caught:
        digits(**options)
    assert "\n" not in str(caught.value)


def test_a_split_is_disjoint_complete_and_seeded():
    data = digits(limit=50)
    first, second = data.split(30, generator=torch.Generator().manual_seed(0))
    assert (len(first), len(second)) == (30, 20)
    rows = torch.cat([first.x, second.x]).tolist()
    assert sorted(rows) == sorted(data.x.tolist())
    again, _ = data.split(30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(first.x, again.x)
    assert torch.equal(data.take([4, 2]).y, data.y[[4, 2]])
    for wrong in (0, 50):
        with pytest.raises(ValueError, match="1 to 49"):
            data.split(wrong, generator=torch.Generator())


def test_flat_joins_all_but_the_first_dimension():
    data = DataSet(torch.zeros(2, 3, 4, 5), torch.zeros(2), "zeros", "made here")
    assert data.flat.shape == (2, 60)


def test_inputs_and_targets_must_fit():
    with pytest.raises(ValueError, match="2 inputs but 3 targets"):
        DataSet(torch.zeros(2, 1), torch.zeros(3), "wrong", "made here")
