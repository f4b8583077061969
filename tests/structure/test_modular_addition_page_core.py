"""The core of the page's simulation, run by node: against the library, against its predictions, and with bad input."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from verified_dynamics.structure.modular_addition import (
    classification,
    metrics,
    page_mirror,
    particles,
    tables,
)
from verified_dynamics.structure.modular_addition.errors import ModularAdditionError

FOLDER = Path(__file__).parents[2] / "book" / "_static" / "simulations"
SCRIPTS = ["random.js", "parameters.js"] + [
    f"modular-addition/{name}.js" for name in ("particles", "network", "metrics", "presets", "model")
]
CLOSE = 1e-9  # both round in float64, in another order: after 50 steps they are apart by some units of 1e-15
SEEDS = range(5)
# Steps of the network and of the particles.
STEPS = {"grid": (1000, 700), "circle": (1000, 500), "no-bias": (1000, 800), "little-decay": (1000, 800)}
STEPS |= {"even": (0, 500)}


@pytest.fixture(scope="module")
def core():
    """Runs the body of a function of `core` and `space` in node and returns what it returns, by way of JSON."""
    program = shutil.which("node")
    if program is None:
        missing = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
        missing(
            "There is no node on this machine: install it to compare the page's simulation with the library."
        )
    load = "".join(f"require({json.dumps(str(FOLDER / name))});" for name in SCRIPTS)

    def run(body: str, **given):
        names = ", ".join(given)
        text = (
            f"{load} const space = verifiedDynamics, core = space.modularAddition; const list = Array.from;"
            f"const found = (({{ {names} }}) => {{ {body} }})({json.dumps(given)});"
            "console.log(JSON.stringify(found, (_, x) => ArrayBuffer.isView(x) ? Array.from(x) : x));"
        )
        ran = subprocess.run([program, "-e", text], capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


def cloud(numbers) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64).reshape(-1, 2)


def apart(one, other) -> float:
    return float((torch.as_tensor(one, dtype=torch.float64) - torch.as_tensor(other)).abs().max())


TRAIN = """const net = core.network(core.start(modulus, "random", seed), { modulus, width, biases, share, seed });
let loss;
for (let step = 0; step < 50; step++) loss = core.train(net, { rate, decay });
return { loss, ...net.parameters };"""
MOVE = """const points = core.start(modulus, "random", seed), pairing = core.pairs(modulus);
core.fit(points, 2);
for (let step = 0; step < steps; step++)
  core.move(points, pairing, { clustering, alignment, range: sigma, stepSize, scale: "fixed", radius: 2 });
return points;"""


@pytest.mark.parametrize("seed", [0, 1, 9999, 2**32 - 1])
@pytest.mark.parametrize("purpose", [0, 1, 3])
def test_draws_are_those_of_the_mirror(core, seed, purpose):
    body = """const draws = space.random.stream(seed, purpose);
    const twenty = (draw) => list({ length: 20 }, draw);
    return { uniform: twenty(draws.uniform), normal: twenty(draws.normal), order: draws.order(30) };"""
    found = core(body, seed=seed, purpose=purpose)
    stream = page_mirror.PageStream(seed, purpose)
    assert found["uniform"] == [stream.uniform() for _ in range(20)]
    assert found["normal"] == pytest.approx([stream.normal() for _ in range(20)], rel=1e-13, abs=1e-15)
    assert found["order"] == stream.order(30) and sorted(found["order"]) == list(range(30))


def test_the_draws_have_the_moments_of_their_distributions(core):
    body = """const { uniform, normal } = space.random.stream(7);
    const mean = (power, draw) => list({ length: 40000 }, draw).reduce((sum, x) => sum + x ** power, 0) / 40000;
    const moments = (draw) => [1, 2, 4].map((power) => mean(power, draw));
    return [moments(uniform), moments(normal)];"""
    uniform, normal = core(body)
    # Four standard errors of the means of 40,000: the moments' own variances are 1/12, 4/45, 16/225 and 1, 2, 96.
    for found, wanted, variance in zip(
        [*uniform, *normal], [1 / 2, 1 / 3, 1 / 5, 0, 1, 3], [1 / 12, 4 / 45, 16 / 225, 1, 2, 96], strict=True
    ):
        assert abs(found - wanted) < 4 * (variance / 40000) ** 0.5


@pytest.mark.parametrize(
    ("modulus", "width", "biases", "share", "decay"),
    [(17, 64, True, 0.8, 1.0), (17, 64, False, 0.8, 1.0), (12, 9, True, 1.0, 0.0), (23, 1, False, 0.5, 3.0)],
)
def test_fifty_steps_of_training_are_those_of_the_library(core, modulus, width, biases, share, decay):
    given = {
        "modulus": modulus,
        "width": width,
        "biases": biases,
        "share": share,
        "decay": decay,
        "rate": 0.01,
    }
    found = core(TRAIN, seed=5, **given)
    net, loss = page_mirror.run_network(5, steps=50, **given)
    assert abs(found["loss"] - loss) < CLOSE
    assert apart(cloud(found["embedding"]), net.embedding[0]) < CLOSE
    assert apart(found["into"], net.first.flatten()) < CLOSE
    assert apart(found["out"], net.second.flatten()) < CLOSE
    if biases:
        assert apart(found["intoBias"], net.first_bias.flatten()) < CLOSE
        assert apart(found["outBias"], net.second_bias.flatten()) < CLOSE
    assert apart(net.embedding[0], page_mirror.start(5, modulus)) > 1e-2  # what agrees is not the start
    other = core(TRAIN, seed=5, **(given | {"decay": decay + 0.05}))
    assert apart(cloud(other["embedding"]), net.embedding[0]) > 1e3 * CLOSE


@pytest.mark.parametrize(
    ("modulus", "clustering", "alignment", "sigma"),
    [(17, 1.0, 0.0, 1.0), (17, 0.0, 1.0, 1.0), (17, 1.0, 3.0, 0.6), (16, 0.5, 1.0, 1.5), (5, 1.0, 1.0, 1.0)],
)
def test_fifty_steps_of_the_particles_are_those_of_the_library(core, modulus, clustering, alignment, sigma):
    given = {
        "modulus": modulus,
        "clustering": clustering,
        "alignment": alignment,
        "sigma": sigma,
        "steps": 50,
    }
    found = cloud(core(MOVE, seed=8, stepSize=0.01, **given))
    wanted = page_mirror.run_particles(8, step_size=0.01, **given)
    assert apart(found, wanted) < CLOSE
    assert apart(wanted, particles.with_rms(page_mirror.start(8, modulus), 2.0)) > 1e-2
    assert apart(cloud(core(MOVE, seed=8, stepSize=0.0101, **given)), wanted) > 1e3 * CLOSE


def test_the_split_is_that_of_the_mirror_and_leaves_no_class_out(core):
    body = "const p = core.pairs(17); return seeds.map((seed) => core.split(p, share, seed).training);"
    for share in (0.2, 0.8, 1.0):
        for seed, found in enumerate(core(body, seeds=list(range(8)), share=share)):
            mask = page_mirror.split(seed, 17, share)
            assert sorted(found) == mask.nonzero().flatten().tolist()
            assert len(tables.classes(17)[mask].unique()) == 17


def clouds() -> dict[str, torch.Tensor]:
    place = torch.arange(17, dtype=torch.float64)
    shear = torch.tensor([[1.0, 0.4], [0.0, 1.0]], dtype=torch.float64)
    return {
        "random": page_mirror.start(3, 17),
        "circle": particles.circle(17, 4, radius=1.3),
        "ellipse": particles.circle(17, 2) @ torch.tensor([[1.5, 0.3], [0.0, 0.8]], dtype=torch.float64),
        "lattice": torch.stack((place % 4, place.div(4, rounding_mode="floor")), -1) @ shear,
        "line": torch.stack((place, 0.01 * page_mirror.start(2, 17)[:, 0]), -1),
        "even": page_mirror.start(4, 16),
        "five": page_mirror.start(4, 5),
    }


@pytest.mark.parametrize("name", clouds())
def test_the_measures_are_those_of_the_library(core, name):
    points = clouds()[name]
    body = """const points = Float64Array.from(numbers);
    return { ...core.measure(points), shares: core.spectrum(points) };"""
    found = core(body, numbers=points.flatten().tolist())
    assert found["circularity"] == pytest.approx(float(metrics.circularity(points)), abs=CLOSE)
    assert found["shares"] == pytest.approx(metrics.frequency_powers(points).tolist(), abs=CLOSE)
    assert found["frequency"] == int(metrics.frequency(points))
    assert found["aspect"] == pytest.approx(float(metrics.aspect(points)), abs=CLOSE)
    assert found["sumClusters"] == int(metrics.sum_clusters(points))
    assert found["label"] == classification.STRUCTURES[int(classification.classify(points))]
    if name != "circle":  # its principal axes are any, and the raster of wave vectors stands along them
        assert found["gridScore"] == pytest.approx(float(metrics.grid_score(points)), abs=CLOSE)


def test_points_without_extent_have_no_score_that_is_made_up(core):
    found = core("return core.measure(new Float64Array(34).fill(0.3));")
    assert found["aspect"] is found["circularity"] is None and found["label"] == "other"


OUTCOMES = """return seeds.map((seed) => {
  const values = { ...core.preset(name), seed };
  const points = core.start(values.modulus, values.start, seed), pairing = core.pairs(values.modulus);
  const net = core.network(points, values);
  for (let step = 0; step < steps; step++) core.train(net, values);
  core.fit(points, values.radius);
  for (let step = 1; step < moves; step++) core.move(points, pairing, values);
  const before = points.slice();
  core.move(points, pairing, values);
  const moved = Math.max(...points.map((x, i) => Math.abs(x - before[i])));
  return { network: core.measure(net.parameters.embedding).label, particles: core.measure(points).label, moved };
});"""


@pytest.fixture(scope="module")
def outcomes(core):
    """What the seeds of an example end as; each example is run once."""
    kept = {}

    def of(name: str) -> dict[str, list]:
        if name not in kept:
            steps, moves = STEPS[name]
            found = core(OUTCOMES, name=name, seeds=list(SEEDS), steps=steps, moves=moves)
            kept[name] = {key: [one[key] for one in found] for key in ("network", "particles", "moved")}
        return kept[name]

    return of


# Three of five seeds: an example that reaches its structure in nine seeds of ten misses this once in a hundred times,
# and one whose structure is the exception, in at most one seed of twenty, passes once in eight hundred.
@pytest.mark.parametrize("name", ["grid", "circle", "little-decay"])
def test_examples_reach_the_structures_that_the_chapter_predicts(core, outcomes, name):
    predicted = core("return core.presets.find((one) => one.name === name);", name=name)
    found = outcomes(name)
    for side in ("network", "particles"):
        assert found[side].count(predicted[side]) >= 3, (side, found[side])


def test_without_biases_circles_take_the_place_of_grids(outcomes):
    found = outcomes("no-bias")
    assert found["network"].count("grid") <= 2 and found["network"].count("circle") >= 1, found
    assert found["particles"].count("circle") >= 3, found


def test_particles_rest_on_a_circle_for_odd_moduli_and_never_for_even_ones(outcomes):
    odd, even = outcomes("circle"), outcomes("even")
    rested = [moved for label, moved in zip(odd["particles"], odd["moved"], strict=True) if label == "circle"]
    assert len(rested) >= 3 and max(rested) < 1e-9
    assert sum(moved > 1e-3 for moved in even["moved"]) >= 4, even


def test_a_model_goes_on_from_a_snapshot_as_if_nothing_had_been_between(core):
    body = """const model = core.model(core.preset("grid"));
    for (let step = 0; step < 20; step++) model.advance();
    const kept = model.snapshot();
    for (let step = 0; step < 20; step++) model.advance();
    const once = model.snapshot();
    model.restore(kept);
    for (let step = 0; step < 20; step++) model.advance();
    return [once, model.snapshot(), kept];"""
    once, again, kept = core(body)
    assert once == again and kept["step"] == 20 and once["step"] == 40


def test_points_are_handed_over_and_dragged_within_bounds(core):
    body = """const model = core.model({ ...core.preset("grid"), scale: "decay" });
    for (let step = 0; step < 5; step++) model.advance();
    model.handOver();
    const same = list(model.points).every((x, i) => x === model.net.parameters.embedding[i]);
    const before = list(model.points);
    model.drag("particles", 3, NaN, 1);
    model.drag("network", 2, 0.25, -1e9);
    return { same, byHand: model.byHand, kept: before.every((x, i) => x === model.points[i]),
      moved: list(model.net.parameters.embedding.slice(4, 6)) };"""
    assert core(body) == {"same": True, "byHand": True, "kept": True, "moved": [0.25, -50]}


BAD = [("modulus", 2, "5 to 31"), ("modulus", 17.5, "multiple of 1"), ("width", 0, "1 to 128"),
       ("seed", -1, "0 to 9999"), ("decay", None, "0 to 4"), ("rate", "0.01", "0 to 0.05"),
       ("alignment", 1e9, "0 to 10"), ("range", 0, "0.2 to 3"), ("biases", 1, "neither on nor off"),
       ("start", "toString", "not one of its choices")]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_bad_values_are_refused_with_one_sentence(core, name, value, words):
    body = "try { core.model({ ...core.preset('grid'), [name]: value }); } catch (e) { return [e.name, e.message]; }"
    kind, message = core(body, name=name, value=value)
    assert kind == "RangeError" and words in message and message.endswith(".")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "undefined"])
def test_numbers_that_are_not_finite_change_nothing(core, value):
    body = f"""const model = core.model(core.preset("grid"));
    try {{ model.change("decay", {value}); }} catch (error) {{ return [error.name, model.values.decay]; }}"""
    assert core(body) == ["RangeError", 1]


def test_a_split_without_all_classes_is_told_and_the_particles_run_on(core):
    body = """const model = core.model({ ...core.preset("grid"), share: 0.1 });
    model.advance();
    model.handOver();
    model.drag("network", 0, 1, 1);
    return { fault: model.fault, step: model.step, measured: model.measure(), glance: model.glance() };"""
    found = core(body)
    assert "raise the training share" in found["fault"] and found["step"] == 1
    assert found["measured"]["network"] is None and found["measured"]["particles"]["label"]
    with pytest.raises(ModularAdditionError):
        page_mirror.split(1, 17, 0.1)
