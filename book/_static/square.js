/* The four checks of one claim, φ(λx) = λφ(x), computed in the page. It knows nothing of the page: see square-page.js. */
"use strict";

const squareOfAClaim = (() => {
  /* Activations that are linear on each half-line have exact slopes, numerator and denominator, left and right of 0. */
  const slopes = {
    relu: { left: [0, 1], right: [1, 1] },
    leaky: { left: [1, 10], right: [1, 1] },
    identity: { left: [1, 1], right: [1, 1] },
  };
  const smooth = { gelu: (x) => (x * erfc(-x / Math.SQRT2)) / 2, tanh: Math.tanh };

  function activation(name) {
    if (smooth[name]) return smooth[name];
    const { left, right } = slopes[name];
    return (x) => (x < 0 ? (x * left[0]) / left[1] : (x * right[0]) / right[1]);
  }

  /* The complementary error function to about 15 digits: a series of positive terms, a continued fraction in the tail. */
  function erfc(x) {
    if (x < 0) return 2 - erfc(-x);
    const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
    if (x > 2.5) {
      let fraction = 0;
      for (let k = 120; k > 0; k--) fraction = k / 2 / (x + fraction);
      return scale / (x + fraction);
    }
    let term = 2 * x, sum = term;
    for (let k = 1; term > 1e-18 * sum; k++) sum += term *= (2 * x * x) / (2 * k + 1);
    return 1 - scale * sum;
  }

  /* Symbolic side. "proven" and "refuted" by cases of sign where the slopes are exact; elsewhere a search for a witness. */
  function decide(name, domain) {
    return slopes[name] ? decideByCases(slopes[name], domain) : searchWitness(smooth[name], domain);
  }

  /* With λ = 0 or x = 0 both sides vanish. Otherwise both are multiples of λx, and only the two slopes can differ. */
  function decideByCases(slope, domain) {
    const side = (sign) => (sign < 0 ? slope.left : slope.right);
    let cases = 0;
    for (const factor of domain === "positive" ? [1] : [1, -1]) {
      for (const x of [1, -1]) {
        const [before, after] = [side(factor * x), side(x)];
        cases += 1;
        if (before[0] * after[1] !== after[0] * before[1]) {
          const times = (value, [top, bottom]) => (value * top) / bottom;
          const witness = { factor, x, left: times(factor * x, before), right: times(factor * x, after) };
          return { verdict: "refuted", cases, witness };
        }
      }
    }
    return { verdict: "proven", cases };
  }

  /* A witness counts if the two sides differ by far more than their rounding; agreement at all points proves nothing. */
  function searchWitness(f, domain) {
    let points = 0;
    for (const factor of domain === "positive" ? [2, 0.5, 10] : [-1, 2, -2, 0.5, 10]) {
      for (const x of [1, -1, 0.5, -2, 3]) {
        const [left, right] = [f(factor * x), factor * f(x)];
        points += 1;
        if (Math.abs(left - right) > 1e-6 * (Math.abs(left) + Math.abs(right)))
          return { verdict: "refuted", cases: points, witness: { factor, x, left, right } };
      }
    }
    return { verdict: "undecided", cases: points };
  }

  /* Seeded draws: Mulberry32 for the uniform, Box and Muller for the normal distribution. */
  function draws(seed) {
    let state = seed >>> 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let z = Math.imul(state ^ (state >>> 15), state | 1);
      z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
      return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
    };
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal };
  }

  const INPUTS = 4, WIDTH = 8, SAMPLES = 16;

  /* One network of a hidden layer, v · φ(Wx + b), with its inputs, all drawn from the seed. */
  function network(seed) {
    const { uniform, normal } = draws(1000 + seed);
    const list = (size, scale) => Array.from({ length: size }, () => scale * normal());
    const rows = (size, columns, scale) => Array.from({ length: size }, () => list(columns, scale));
    return {
      weight: rows(WIDTH, INPUTS, 0.5), bias: list(WIDTH, 0.5), out: list(WIDTH, 0.35),
      inputs: rows(SAMPLES, INPUTS, 1), sign: uniform() < 0.5 ? -1 : 1, noise: normal(),
    };
  }

  /* Outputs for all inputs after the weights into the hidden units were multiplied by factor, those out of them divided. */
  function outputs(net, f, factor, round) {
    return net.inputs.map((x) => net.out.reduce((total, out, unit) => {
      const into = net.weight[unit].reduce(
        (sum, weight, i) => round(sum + round(round(round(weight) * factor) * round(x[i]))),
        round(round(net.bias[unit]) * factor));
      return round(total + round(round(round(out) / factor) * round(f(into))));
    }, 0));
  }

  /* Measured side: the relative change of the outputs, one value per seed, its mean and the 95 % interval of Student. */
  function measure(name, { domain, factor, seeds, noise, single }) {
    const f = activation(name), round = single ? Math.fround : (x) => x;
    const values = Array.from({ length: seeds }, (_, seed) => {
      const net = network(seed);
      const scale = round(domain === "any" ? net.sign * factor : factor);
      const [before, after] = [outputs(net, f, 1, round), outputs(net, f, scale, round)];
      return Math.hypot(...before.map((y, i) => after[i] - y)) / Math.hypot(...before) + noise * net.noise;
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (seeds - 1);
    const half = quantile(seeds - 1) * Math.sqrt(variance / seeds);
    return { values, mean, low: mean - half, high: mean + half };
  }

  /* The 97.5 % point of Student's distribution: with t = √ν tan θ its density is a power of the cosine. */
  function quantile(freedom) {
    const area = (end) => {
      const steps = 600, h = end / steps;
      let sum = 0;
      for (let i = 0; i <= steps; i++)
        sum += (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2) * Math.cos(i * h) ** (freedom - 1);
      return (sum * h) / 3;
    };
    let low = 0, high = Math.PI / 2;
    const wanted = 0.95 * area(high);
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (area(middle) < wanted) low = middle;
      else high = middle;
    }
    return Math.sqrt(freedom) * Math.tan((low + high) / 2);
  }

  /* Where an interval lies to 0 ± tolerance: "inside" it, "outside" it, or "across" its border. */
  function place({ low, high }, tolerance) {
    if (low >= -tolerance && high <= tolerance) return "inside";
    return low > tolerance || high < -tolerance ? "outside" : "across";
  }

  /* The whole square: each cell with what was found and whether it is filled. The rival is a network with GELU. */
  function judge(choice) {
    const proves = decide(choice.activation, choice.domain), refutes = decide(choice.activation, "any");
    const measures = measure(choice.activation, choice), rejects = measure("gelu", choice);
    measures.place = place(measures, choice.tolerance);
    rejects.place = place(rejects, choice.tolerance);
    return {
      proves: { ...proves, full: proves.verdict === "proven" },
      refutes: { ...refutes, full: refutes.verdict === "refuted" },
      measures: { ...measures, full: measures.place === "inside" },
      rejects: { ...rejects, full: rejects.place === "outside" },
    };
  }

  return { activation, decide, network, outputs, measure, quantile, place, judge };
})();
