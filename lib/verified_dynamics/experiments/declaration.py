"""What an experiment is: a pure function of one grid cell, the seeds and the device, declared with two sizes."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from itertools import product
from types import MappingProxyType

from verified_dynamics.experiments.code_state import remember

PROFILE_VARIABLE = "VERIFIED_DYNAMICS_PROFILE"
PROFILES = ("smoke", "full")

Scalar = str | int | float | bool


class ExperimentError(ValueError):
    """An experiment was declared, asked for or run wrongly; the message says what to do."""


@dataclass(frozen=True)
class Tolerance:
    """How far a re-run may deviate from a value v and still count as the same: atol + rtol |v|.

    One tolerance belongs to each data variable of an experiment, in that variable's own unit.
    """

    rtol: float = 0.0
    atol: float = 0.0

    def __post_init__(self):
        if self.rtol < 0 or self.atol < 0:
            raise ExperimentError(
                f"a tolerance is not negative, but rtol={self.rtol} and atol={self.atol} were given"
            )


@dataclass(frozen=True)
class Profile:
    """One size of an experiment: a grid whose cells are independent, a number of seeds, and settings of all cells."""

    grid: Mapping[str, Sequence[Scalar]] = field(default_factory=dict)
    seeds: int = 1
    settings: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "grid", MappingProxyType({axis: tuple(v) for axis, v in self.grid.items()}))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))
        if not isinstance(self.seeds, int) or self.seeds < 1:
            raise ExperimentError(f"a profile needs at least one seed, but seeds={self.seeds!r} was given")
        for axis, values in self.grid.items():
            if not values or len(set(values)) < len(values):
                raise ExperimentError(f"grid axis {axis!r} needs values that differ, but has {values}")
            if axis in self.settings or axis == "seed":
                raise ExperimentError(
                    f"grid axis {axis!r} is named like a setting or like the seed; rename it"
                )
        everything = [*self.settings.values(), *(v for values in self.grid.values() for v in values)]
        for value in everything:
            if not isinstance(value, Scalar):
                raise ExperimentError(
                    f"grid values and settings are text, numbers or booleans, not {value!r}"
                )

    def __reduce__(self):
        return Profile, (dict(self.grid), self.seeds, dict(self.settings))

    def __hash__(self):
        return hash((tuple(self.grid.items()), self.seeds, tuple(self.settings.items())))

    def cells(self) -> Iterator[dict[str, Scalar]]:
        """Every combination of grid values, joined with the settings, in the order of the grid."""
        for values in product(*self.grid.values()):
            yield {**self.settings, **dict(zip(self.grid, values, strict=True))}

    def parameters(self) -> dict:
        """The profile as plain data, for records and for comparison of declarations."""
        grid = {axis: list(values) for axis, values in self.grid.items()}
        return {"grid": grid, "seeds": self.seeds, "settings": dict(self.settings)}

    def changed(self, *, seeds: int | None = None, settings: Mapping[str, Scalar] | None = None) -> "Profile":
        """A copy with another number of seeds and other values of settings or grid axes.

        A grid axis takes one value or a sequence of values. Raises ExperimentError for a name that is neither.
        """
        grid, fixed = dict(self.grid), dict(self.settings)
        for name, value in (settings or {}).items():
            if name in grid:
                grid[name] = tuple(value) if isinstance(value, list | tuple) else (value,)
            elif name in fixed:
                fixed[name] = value
            else:
                raise ExperimentError(unknown("setting", name, [*grid, *fixed]))
        return Profile(grid, self.seeds if seeds is None else seeds, fixed)


@dataclass(frozen=True, eq=False)
class Experiment:
    """A declared experiment; made by the decorator `experiment`, never directly."""

    name: str
    chapter: str
    function: Callable
    smoke: Profile
    full: Profile
    tolerances: Mapping[str, Tolerance]
    unit: str

    def __reduce__(self):
        return _look_up, (self.function.__module__, self.function.__qualname__)

    @property
    def description(self) -> str:
        """First sentence of the function's docstring."""
        return (self.function.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")

    def profile(self, name: str) -> Profile:
        """The profile of that name; raises ExperimentError for any other."""
        if name not in PROFILES:
            raise ExperimentError(unknown("profile", name, PROFILES))
        return getattr(self, name)

    def declaration(self) -> dict:
        """What a record must agree with: both profiles as plain data."""
        return {"smoke": self.smoke.parameters(), "full": self.full.parameters()}

    def run(self, profile: str | Profile = "smoke", **options):
        """Run all cells and return a `Run`; the options are those of `runner.run`."""
        from verified_dynamics.experiments.runner import run

        return run(self, profile, **options)

    def evidence(self):
        """The live run at the session's profile beside the committed record; computed once in a session."""
        return self._evidence

    @cached_property
    def _evidence(self):
        from verified_dynamics.experiments.evidence import Evidence

        return Evidence.gather(self)


def experiment(name, *, chapter, smoke, full, tolerances, unit="seeds"):
    """Declare the decorated function (cell, seeds, device) -> xarray.Dataset as an experiment.

    name: stable words joined by hyphens. chapter: "part/chapter". smoke, full: Profile with the same grid axes and
    settings. tolerances: one Tolerance for each data variable. unit: what a replicate is, in the plural.
    """

    def declare(function):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise ExperimentError(
                f"the name of an experiment is lower-case words joined by hyphens, not {name!r}"
            )
        if not re.fullmatch(r"[a-z-]+/[a-z-]+", chapter):
            raise ExperimentError(f"experiment {name}: a chapter is written part/chapter, not {chapter!r}")
        if set(smoke.grid) != set(full.grid) or set(smoke.settings) != set(full.settings):
            raise ExperimentError(
                f"experiment {name}: smoke and full must have the same grid axes and settings"
            )
        if not function.__doc__:
            raise ExperimentError(f"experiment {name}: say in a docstring what is varied, held and measured")
        remember(function)
        return Experiment(name, chapter, function, smoke, full, MappingProxyType(dict(tolerances)), unit)

    return declare


def current_profile() -> str:
    """The session's profile: the variable VERIFIED_DYNAMICS_PROFILE, else full on a CUDA device, smoke elsewhere."""
    import torch

    name = os.environ.get(PROFILE_VARIABLE) or ("full" if torch.cuda.is_available() else "smoke")
    if name not in PROFILES:
        raise ExperimentError(f"{PROFILE_VARIABLE}: " + unknown("profile", name, PROFILES))
    return name


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """One sentence about a name that does not exist, with the nearest that does."""
    near = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "known are " + (", ".join(sorted(known)) or "none") + "."
    return f"there is no {kind} {name!r}; {hint}"


def _look_up(module: str, name: str) -> Experiment:
    return getattr(import_module(module), name)
