import pytest

from verified_dynamics import catalogue
from verified_dynamics.experiments import ExperimentError


def test_the_parts_are_the_packages_that_are_neither_instruments_nor_book():
    assert {"degeneracy", "margin", "symmetry"} <= set(catalogue.parts())
    assert not set(catalogue.parts()) & (catalogue.INSTRUMENTS | catalogue.BOOK_FLOOR)


def test_every_experiment_is_found_by_its_name_and_lies_in_its_chapter():
    found = catalogue.experiments()
    for name, experiment in found.items():
        assert catalogue.find(name) is experiment
        part, chapter = experiment.chapter.split("/")
        assert experiment.function.__module__.startswith(
            f"verified_dynamics.{part}.{chapter.replace('-', '_')}.experiments"
        )


def test_an_unknown_experiment_gets_the_nearest_name():
    some = next(iter(catalogue.experiments()), None)
    if some is None:
        pytest.skip("no theory has declared an experiment yet")
    with pytest.raises(ExperimentError, match=f"did you mean '{some}'"):
        catalogue.find(some[:-1])
