"""The square that a reader can break: driven by keyboard, and its numbers compared with PyTorch and SciPy."""

import re

import pytest
import torch
from scipy import stats

FULL = {"proves": True, "refutes": True, "measures": True, "rejects": True}
STATES = """() => Object.fromEntries(["proves", "refutes", "measures", "rejects"].map(name =>
  [name, document.getElementById(`vd-try-${name}`).dataset.state === "full"]))"""
MARKS = """() => ["proves", "refutes", "measures", "rejects"].map(name =>
  document.getElementById(`vd-mark-${name}`).classList.contains("full"))"""
ACTIVATIONS = {
    "relu": torch.relu,
    "leaky": lambda x: torch.nn.functional.leaky_relu(x, 0.1),
    "identity": lambda x: x,
    "gelu": torch.nn.functional.gelu,
    "tanh": torch.tanh,
}


@pytest.fixture
def page(site, browser):
    opened = browser.new_page()
    opened.goto((site / "book" / "reading.html").resolve().as_uri(), wait_until="load")
    opened.wait_for_selector("#vd-simulation:not([hidden])")
    yield opened
    opened.close()


def reach(page, name):
    """Go to a control by the Tab key alone, from where the page begins."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"vd-{name}":
            return
    pytest.fail(f"The Tab key does not reach {name}.")


def choose(page, name, words):
    """Choose an option by typing its first letters."""
    reach(page, name)
    page.keyboard.type(words)


def cell(page, name):
    return page.inner_text(f"#vd-try-{name} .vd-found")


def number(text):
    """A number as the page writes it."""
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
    found = (
        re.fullmatch(r"(?:([-\d.]+)(?: × )?)??(?:10([-\d]+))?", text.translate(digits))
        if "10" in text
        else None
    )
    if found and found[2]:
        return float(found[1] or 1) * 10.0 ** int(found[2])
    return float(text.translate(digits))


def test_the_first_state_is_a_full_square(page):
    assert page.evaluate(STATES) == FULL
    assert page.evaluate(MARKS) == [True] * 4
    assert page.inner_text("#vd-try-status") == "All 4 cells are filled."
    assert "every λ > 0" in cell(page, "proves")


def test_without_the_hypothesis_the_proof_fails_with_a_witness_that_is_one(page):
    choose(page, "domain", "none")
    assert page.evaluate(STATES) == FULL | {"proves": False, "measures": False}
    assert page.evaluate(MARKS) == [False, True, False, True]
    found = re.search(
        r"λ = (\S+), x = (\S+), where φ\(λx\) = (\S+) and λφ\(x\) = (\S+?)\.$", cell(page, "proves")
    )
    factor, x, left, right = (torch.tensor(number(text), dtype=torch.float64) for text in found.groups())
    assert torch.relu(factor * x) == left != right == factor * torch.relu(x)
    assert page.inner_text("#vd-try-status").startswith("2 of 4 cells are filled; open: proved, measured.")


def test_gelu_is_refuted_and_its_measurement_fails(page):
    choose(page, "activation", "GELU")
    assert page.evaluate(STATES) == FULL | {"proves": False, "measures": False}
    assert "excludes 0 ± 10⁻¹²" in cell(page, "measures")


def test_the_identity_needs_no_hypothesis_so_its_control_does_not_fail(page):
    choose(page, "activation", "identity")
    assert page.evaluate(STATES) == FULL | {"refutes": False}


def test_a_huge_tolerance_is_a_check_that_cannot_fail(page):
    choose(page, "tolerance", "10")  # the options 10⁻¹², ... begin so, too
    page.select_option("#vd-tolerance", "10")
    assert page.evaluate(STATES) == FULL | {"rejects": False}
    assert "a check that cannot fail" in cell(page, "rejects")


def test_a_noisy_measurement_is_no_pass_and_reset_puts_all_back(page):
    choose(page, "noise", "0.1")
    assert page.evaluate(STATES)["measures"] is False
    assert "too noisy to tell" in cell(page, "measures")
    page.focus("#vd-try button")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('vd-try-status').textContent.startsWith('All 4')")
    assert page.evaluate(STATES) == FULL


def test_every_control_has_a_label_and_the_outcome_is_announced(page):
    unlabelled = (
        "() => [...document.querySelectorAll('#vd-try select')].filter(s => s.labels.length !== 1).length"
    )
    assert page.evaluate(unlabelled) == 0
    assert page.get_attribute("#vd-try-status", "aria-live") == "polite"


def test_activations_agree_with_pytorch(page):
    points = torch.linspace(-8, 8, 401, dtype=torch.float64)
    for name, function in ACTIVATIONS.items():
        found = page.evaluate(f"x => x.map(squareOfAClaim.activation('{name}'))", points.tolist())
        # The two implementations of erf and tanh differ by some units in the last place of numbers up to eight.
        torch.testing.assert_close(
            torch.tensor(found, dtype=torch.float64), function(points), rtol=0, atol=1e-14
        )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_measured_change_agrees_with_pytorch(page, name):
    choice = {"domain": "any", "factor": 3, "seeds": 8, "noise": 0, "single": False}
    found = page.evaluate(f"choice => squareOfAClaim.measure('{name}', choice)", choice)
    wanted = []
    for seed in range(8):
        drawn = page.evaluate("seed => squareOfAClaim.network(seed)", seed)
        weight, bias, out, x = (
            torch.tensor(drawn[key], dtype=torch.float64) for key in ("weight", "bias", "out", "inputs")
        )
        factor = 3 * drawn["sign"]
        before = ACTIVATIONS[name](x @ weight.T + bias) @ out
        after = ACTIVATIONS[name](x @ (factor * weight).T + factor * bias) @ (out / factor)
        wanted.append(float((after - before).norm() / before.norm()))
    assert found["values"] == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    interval = stats.ttest_1samp(wanted, 0).confidence_interval(0.95)
    assert [found["low"], found["high"]] == pytest.approx([interval.low, interval.high], rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("freedom", [1, 2, 7, 31, 127])
def test_the_quantile_is_that_of_student(page, freedom):
    found = page.evaluate("freedom => squareOfAClaim.quantile(freedom)", freedom)
    assert found == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-8)


def test_single_precision_rounds_as_single_precision_does(page):
    choice = {"domain": "positive", "factor": 3, "seeds": 8, "noise": 0, "single": True}
    mean = page.evaluate("choice => squareOfAClaim.measure('relu', choice).mean", choice)
    assert 1e-9 < mean < 1e-5


def test_without_javascript_the_page_still_explains(site, browser):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto((site / "book" / "reading.html").resolve().as_uri(), wait_until="load")
    text = opened.inner_text("main")
    assert "needs JavaScript" in text and "This is a check that cannot fail" in text
    assert not opened.is_visible("#vd-simulation")
    context.close()
