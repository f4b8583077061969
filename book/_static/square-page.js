/* Fills the square of the worked example whenever the reader changes one of its conditions. */
"use strict";

addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("vd-try");
  if (!form) return;
  const signs = { relu: "ReLU", leaky: "leaky ReLU", identity: "the identity", gelu: "GELU", tanh: "tanh" };
  const superscript = (text) => text.replace(/[-0-9]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));

  /* A number as the book writes it. */
  function number(value, digits = 2) {
    if (value === 0) return "0";
    const size = Math.abs(value), sign = value < 0 ? "−" : "";
    if (size >= 1e-3 && size < 1e4) return sign + String(Number(size.toPrecision(digits + 1)));
    const [mantissa, power] = size.toExponential(digits - 1).split("e");
    return `${sign}${mantissa === "1" || /^1\.0*$/.test(mantissa) ? "" : `${mantissa} × `}10${superscript(power.replace("+", ""))}`;
  }

  const interval = (found) => `${number(found.mean)} [${number(found.low)}, ${number(found.high)}]`;

  function witness({ factor, x, left, right }) {
    return `witness: λ = ${number(factor, 4)}, x = ${number(x, 4)}, where φ(λx) = ${number(left, 4)} and λφ(x) = ${number(right, 4)}`;
  }

  function symbolic(found, domain) {
    const where = domain === "positive" ? "every λ > 0 and every real x" : "every real λ and every real x";
    if (found.verdict === "proven")
      return `Proven for ${where}: ${found.cases} cases of sign, with equal slopes in each; where λx = 0 both sides vanish.`;
    if (found.verdict === "refuted") return `Refuted for ${where}; ${witness(found.witness)}.`;
    return `Undecided for ${where}: no witness among ${found.cases} points, and points prove nothing.`;
  }

  function cells(choice, square) {
    const target = `0 ± ${number(choice.tolerance)}`, control = square.refutes, rival = square.rejects;
    const blind = "The same check passes without the hypothesis: this control does not fail, so the hypothesis is not needed.";
    const measured = {
      inside: `The whole interval lies within ${target}.`,
      outside: `The interval excludes ${target}.`,
      across: `The interval is not within ${target} and does not exclude it: the measurement is too noisy to tell, which is no pass.`,
    };
    const rejected = {
      inside: `The interval lies within ${target}: this is a check that cannot fail, and the cell to the left says nothing.`,
      outside: `The interval excludes ${target}: the measurement notices a wrong activation.`,
      across: `The interval does not exclude ${target}: the measurement might have missed a wrong activation.`,
    };
    return {
      proves: symbolic(square.proves, choice.domain),
      refutes: control.full ? `${symbolic(control, "any")} This is what the control is for.` : `${symbolic(control, "any")} ${blind}`,
      measures: `Relative change of the output, ${signs[choice.activation]}: ${interval(square.measures)}. ${measured[square.measures.place]}`,
      rejects: `Relative change of the output, GELU: ${interval(rival)}. ${rejected[rival.place]}`,
    };
  }

  function choice() {
    const found = Object.fromEntries(new FormData(form));
    const numbers = ["factor", "seeds", "tolerance", "noise"].map((name) => [name, Number(found[name])]);
    return { ...found, ...Object.fromEntries(numbers), single: found.precision === "single" };
  }

  function show() {
    const chosen = choice(), square = squareOfAClaim.judge(chosen), words = cells(chosen, square), open = [];
    for (const name of ["proves", "refutes", "measures", "rejects"]) {
      const cell = document.getElementById(`vd-try-${name}`), full = square[name].full;
      cell.dataset.state = full ? "full" : "open";
      cell.querySelector(".vd-state").textContent = full ? "filled" : "open";
      cell.querySelector(".vd-found").textContent = words[name];
      document.getElementById(`vd-mark-${name}`).classList.toggle("full", full);
      if (!full) open.push(cell.querySelector(".vd-heading").textContent.toLowerCase());
    }
    const told = open.length
      ? `${4 - open.length} of 4 cells are filled; open: ${open.join(", ")}. The book would not build with this square.`
      : "All 4 cells are filled.";
    document.getElementById("vd-try-status").textContent = told;
    document.getElementById("vd-try-mark").setAttribute("aria-label", told);
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  document.getElementById("vd-simulation").hidden = false;
  show();
});
