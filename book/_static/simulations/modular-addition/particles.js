/* Particles under clustering and alignment: pairs, starts, the two forces, one step. It knows nothing of the page. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});
  const START = 1; // purpose of a stream of draws, see random.js

  /* Unordered pairs a ≤ b with the class of their sum: with ordered pairs a split would leak, (a, b) sums as (b, a). */
  function pairs(modulus) {
    const count = (modulus * (modulus + 1)) / 2;
    const found = { count, modulus, first: new Int32Array(count), second: new Int32Array(count), label: new Int32Array(count) };
    let p = 0;
    for (let a = 0; a < modulus; a++) {
      for (let b = a; b < modulus; b++, p++) {
        found.first[p] = a;
        found.second[p] = b;
        found.label[p] = (a + b) % modulus;
      }
    }
    return found;
  }

  /* The sum points of all pairs: x and y of each after the other. */
  function sums(points, pairing) {
    const found = new Float64Array(2 * pairing.count);
    for (let p = 0; p < pairing.count; p++) {
      const a = 2 * pairing.first[p], b = 2 * pairing.second[p];
      found[2 * p] = points[a] + points[b];
      found[2 * p + 1] = points[a + 1] + points[b + 1];
    }
    return found;
  }

  /* Where points begin: "random" draws, the exact "circle" of frequency 1, or a "lattice" of four columns. */
  function start(modulus, kind, seed) {
    const points = new Float64Array(2 * modulus);
    const { normal } = space.random.stream(seed, START);
    for (let a = 0; a < modulus; a++) {
      const angle = (2 * Math.PI * a) / modulus;
      const place = kind === "circle" ? [2 * Math.cos(angle), 2 * Math.sin(angle)]
        : kind === "lattice" ? [(a % 4) - 1.5, Math.floor(a / 4) - (modulus / 4 - 1) / 2]
          : [normal(), normal()];
      points.set(place, 2 * a);
    }
    return points;
  }

  /* Both weighted forces on the sum points, for every pair of them: R = 1[same class] − 1/modulus couples two sums. */
  function sumForces(sum, pairing, { clustering, alignment, range }) {
    const { count, label, modulus } = pairing;
    const cluster = new Float64Array(2 * count), torque = new Float64Array(count);
    const angle = new Float64Array(count), length = new Float64Array(count);
    for (let p = 0; p < count; p++) {
      angle[p] = Math.atan2(sum[2 * p + 1], sum[2 * p]);
      length[p] = Math.hypot(sum[2 * p], sum[2 * p + 1]);
    }
    const nearness = -1 / (2 * range * range);
    for (let p = 0; p < count; p++) {
      const x = sum[2 * p], y = sum[2 * p + 1];
      for (let q = p + 1; q < count; q++) {
        const coupling = (label[p] === label[q] ? 1 : 0) - 1 / modulus;
        const u = sum[2 * q], v = sum[2 * q + 1];
        if (clustering !== 0) {
          const dx = u - x, dy = v - y;
          const pull = coupling * Math.exp((dx * dx + dy * dy) * nearness);
          cluster[2 * p] += pull * dx;
          cluster[2 * p + 1] += pull * dy;
          cluster[2 * q] -= pull * dx;
          cluster[2 * q + 1] -= pull * dy;
        }
        if (alignment !== 0) {
          // The angle from the two directions: the arc cosine of a quotient loses half the digits where sums are parallel.
          let between = Math.abs(angle[p] - angle[q]);
          if (between > Math.PI) between = 2 * Math.PI - between;
          const turn = coupling * (Math.PI - between) * (x * v - y * u);
          torque[p] += turn;
          torque[q] -= turn;
        }
      }
    }
    const align = new Float64Array(2 * count);
    for (let p = 0; p < count; p++) {
      cluster[2 * p] *= clustering / (range * range);
      cluster[2 * p + 1] *= clustering / (range * range);
      if (length[p] < 1e-12) continue; // a sum at the origin has no direction that could turn
      const turn = (alignment * torque[p]) / (2 * Math.PI * length[p] * length[p]);
      align[2 * p] = -turn * sum[2 * p + 1];
      align[2 * p + 1] = turn * sum[2 * p];
    }
    return { clustering: cluster, alignment: align };
  }

  /* Forces on the points: each one feels the forces on the sums in which it is, twice that on its double. */
  function pullBack(force, pairing) {
    const found = new Float64Array(2 * pairing.modulus);
    for (let p = 0; p < pairing.count; p++) {
      for (const place of [2 * pairing.first[p], 2 * pairing.second[p]]) {
        found[place] += force[2 * p];
        found[place + 1] += force[2 * p + 1];
      }
    }
    return found;
  }

  /* Both forces on the points. */
  function forces(points, pairing, weights) {
    const found = sumForces(sums(points, pairing), pairing, weights);
    return { clustering: pullBack(found.clustering, pairing), alignment: pullBack(found.alignment, pairing) };
  }

  /* Scales points in place so that the root of their mean squared distance from the origin is the radius. */
  function fit(points, radius) {
    const size = Math.sqrt(points.reduce((total, x) => total + x * x, 0) / (points.length / 2));
    if (size > 0) for (let i = 0; i < points.length; i++) points[i] *= radius / size;
  }

  /* One step in place. `scale` "fixed" keeps the size of the cloud, "decay" shrinks it by weight decay. */
  function move(points, pairing, { stepSize, scale, radius, decay, ...weights }) {
    const { clustering, alignment } = forces(points, pairing, weights);
    const shrink = scale === "decay" ? stepSize * decay : 0;
    for (let i = 0; i < points.length; i++) points[i] += stepSize * (clustering[i] + alignment[i]) - shrink * points[i];
    if (scale === "fixed") fit(points, radius);
  }

  Object.assign(core, { pairs, sums, start, forces, fit, move });
})();
