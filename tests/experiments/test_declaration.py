import pickle

import pytest
import toy_experiments as toys

from verified_dynamics.experiments import ExperimentError, Profile, Tolerance, current_profile, experiment


def test_cells_are_the_product_of_the_grid_with_the_settings():
    cells = list(Profile(grid={"a": (1, 2), "b": ("x", "y")}, settings={"n": 3}).cells())
    assert cells[0] == {"n": 3, "a": 1, "b": "x"}
    assert len(cells) == 4 and cells[-1] == {"n": 3, "a": 2, "b": "y"}


def test_equal_profiles_are_equal_and_hash_equal():
    first, second = (Profile(grid={"a": [1, 2]}, seeds=2, settings={"n": 3}) for _ in range(2))
    assert first == second and hash(first) == hash(second)
    assert first != first.changed(seeds=3)


def test_an_experiment_survives_pickling_as_itself():
    assert pickle.loads(pickle.dumps(toys.growth)) is toys.growth


def test_the_description_is_the_first_sentence():
    assert toys.growth.description == "Grow a line at a given rate."


def test_changed_takes_settings_axes_and_seeds():
    profile = toys.growth.full.changed(seeds=2, settings={"steps": 3, "rate": 1.0, "kind": ("odd",)})
    assert profile.parameters() == {
        "grid": {"rate": [1.0], "kind": ["odd"]},
        "seeds": 2,
        "settings": {"steps": 3},
    }


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Profile(seeds=0), "at least one seed"),
        (lambda: Profile(grid={"a": (1, 1)}), "values that differ"),
        (lambda: Profile(grid={"a": ()}), "values that differ"),
        (lambda: Profile(grid={"a": (1,)}, settings={"a": 2}), "rename it"),
        (lambda: Profile(settings={"a": [1]}), "text, numbers or booleans"),
        (lambda: Tolerance(rtol=-1.0), "not negative"),
        (lambda: toys.growth.profile("smoek"), "did you mean 'smoke'"),
        (lambda: toys.growth.full.changed(settings={"stepz": 3}), "did you mean 'steps'"),
        (lambda: declare(name="Bad Name"), "joined by hyphens"),
        (lambda: declare(chapter="nowhere"), "part/chapter"),
        (lambda: declare(full=Profile(grid={"b": (1,)})), "same grid axes"),
    ],
)
def test_bad_declarations_get_one_sentence(make, words):
    with pytest.raises(ExperimentError, match=words):
        make()


def declare(name="fine", chapter="margin/toy", smoke=None, full=None):
    smoke = smoke or Profile()

    @experiment(name, chapter=chapter, smoke=smoke, full=full or Profile(), tolerances={})
    def function(cell, seeds, device):
        """Nothing."""

    return function


def test_a_well_formed_declaration_is_accepted():
    assert declare().name == "fine"


def test_the_profile_of_the_session_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "full")
    assert current_profile() == "full"
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "ful")
    with pytest.raises(ExperimentError, match="did you mean 'full'"):
        current_profile()
