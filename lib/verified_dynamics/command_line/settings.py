"""What --seeds and --set NAME=VALUE mean for the sizes of an experiment."""

from collections.abc import Iterable

from verified_dynamics.experiments import ExperimentError, Profile
from verified_dynamics.experiments.declaration import unknown

KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def changed(declared: Profile, seeds: int | None, settings: Iterable[str]) -> Profile:
    """The declared sizes with what --seeds and --set change; raises ExperimentError for what does not fit them."""
    if seeds is not None and seeds < 1:
        raise ExperimentError(f"--seeds takes a whole number from 1 upwards, not {seeds}.")
    values: dict[str, object] = {}
    for text in settings:
        name, value = _setting(text, declared)
        if name in values:
            raise ExperimentError(
                f"--set gives {name} twice; several values of a grid axis are joined by commas in one --set."
            )
        values[name] = value
    return declared.changed(seeds=seeds, settings=values)


def _setting(text: str, declared: Profile) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ExperimentError(f"--set takes NAME=VALUE, not {text!r}.")
    if name in declared.grid:
        # an axis such as (1, 0.5) takes fractions although its first value is whole
        model = next((v for v in declared.grid[name] if isinstance(v, float)), declared.grid[name][0])
        return name, tuple(_like(model, part, name) for part in value.split(","))
    if name not in declared.settings:
        raise ExperimentError("--set: " + unknown("setting", name, [*declared.grid, *declared.settings]))
    return name, _like(declared.settings[name], value, name)


def _like(model, text: str, name: str):
    """The text as a value of the same type as the declared one."""
    try:
        if isinstance(model, bool):
            return {"true": True, "false": False}[text.strip().lower()]
        return type(model)(text.strip())
    except (KeyError, ValueError):
        raise ExperimentError(f"--set {name} takes {KINDS[type(model)]}, not {text!r}.") from None
