"""What --set NAME=VALUE means for the sizes of an experiment."""

from collections.abc import Iterable

from verified_dynamics.experiments import ExperimentError, Profile


def changed(declared: Profile, seeds: int | None, settings: Iterable[str]) -> Profile:
    """The declared sizes with what --seeds and --set change; raises ExperimentError for what does not fit them."""
    return declared.changed(seeds=seeds, settings=dict(_setting(text, declared) for text in settings))


def _setting(text: str, declared: Profile) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ExperimentError(f"--set takes NAME=VALUE, not {text!r}.")
    if name in declared.grid:
        return name, tuple(_like(declared.grid[name][0], part, name) for part in value.split(","))
    return name, _like(declared.settings.get(name, value), value, name)


def _like(model, text: str, name: str):
    """The text as a value of the same type as the declared one."""
    try:
        if isinstance(model, bool):
            return {"true": True, "false": False}[text.lower()]
        return type(model)(text)
    except (KeyError, ValueError):
        raise ExperimentError(f"--set {name}: {text!r} is not a {type(model).__name__}.") from None
