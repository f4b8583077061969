/* What structure points have: circularity, grid score, aspect, clusters of sums, and the label. It knows no page. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});
  const RASTER = 41; // wave-vectors in each direction
  const NOTHING = 1e-24; // of the squared distance from the origin: what is spread less is rounding
  const LIMITS = { line: 0.12, circle: 0.9, grid: 0.8 };

  /* Share of each frequency k = 1 … (N − 1)/2 in the power of the points' Fourier transform, k and −k together. */
  function spectrum(points) {
    const modulus = points.length / 2, found = new Float64Array(Math.floor((modulus - 1) / 2));
    let total = 0, middle = 0;
    for (let k = 0; k < modulus; k++) {
      let real = 0, imaginary = 0;
      for (let a = 0; a < modulus; a++) {
        const angle = (-2 * Math.PI * ((k * a) % modulus)) / modulus, c = Math.cos(angle), s = Math.sin(angle);
        real += points[2 * a] * c - points[2 * a + 1] * s;
        imaginary += points[2 * a] * s + points[2 * a + 1] * c;
      }
      const power = real * real + imaginary * imaginary;
      if (k === 0) middle = power;
      else total += power;
      if (k > 0 && 2 * k !== modulus) found[Math.min(k, modulus - k) - 1] += power; // with N even, N/2 is no circle but two places
    }
    return found.map((power) => (total > NOTHING * middle ? power / total : NaN));
  }

  /* The largest of these shares, and its frequency. */
  function circularity(points) {
    const shares = spectrum(points), value = Math.max(...shares);
    return { value, frequency: shares.indexOf(value) + 1 };
  }

  function covariance(points) {
    const count = points.length / 2;
    let mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (let a = 0; a < count; a++) {
      mx += points[2 * a] / count;
      my += points[2 * a + 1] / count;
    }
    for (let a = 0; a < count; a++) {
      const x = points[2 * a] - mx, y = points[2 * a + 1] - my;
      xx += (x * x) / count;
      xy += (x * y) / count;
      yy += (y * y) / count;
    }
    const middle = (xx + yy) / 2, spread = Math.hypot((xx - yy) / 2, xy);
    const large = middle + spread > NOTHING * (mx * mx + my * my) ? middle + spread : 0;
    return { mx, my, xx, xy, yy, large, small: large && Math.max(middle - spread, 0) };
  }

  /* Width over length of the cloud: the quotient of the singular values of the centred points. */
  function aspect(points) {
    const { large, small } = covariance(points);
    return large > 0 ? Math.sqrt(small / large) : NaN;
  }

  /* The centred points along their principal axes with unit covariance; a direction without extent is left without one. */
  function whitened(points) {
    const { mx, my, xx, xy, yy, large, small } = covariance(points);
    const angle = Math.atan2(2 * xy, xx - yy) / 2, c = Math.cos(angle), s = Math.sin(angle);
    const long = large > 0 ? 1 / Math.sqrt(large) : 0, short = small > 1e-15 * large ? 1 / Math.sqrt(small) : 0;
    const found = new Float64Array(points.length);
    for (let a = 0; a < points.length / 2; a++) {
      const x = points[2 * a] - mx, y = points[2 * a + 1] - my;
      found[2 * a] = (c * x + s * y) * long;
      found[2 * a + 1] = (c * y - s * x) * short;
    }
    return found;
  }

  /* Distance of neighbours if the whitened points filled a disc evenly: its area is 4π. */
  const spacing = (count) => Math.sqrt((4 * Math.PI) / count);

  /* The labelled structure factor: how well a plane wave carries each character of the residues, mean over characters. */
  function gridScore(points) {
    const white = whitened(points), modulus = points.length / 2, reach = 0.8 / spacing(modulus);
    if (!white.every(Number.isFinite)) return NaN;
    const characters = Math.floor((modulus - 1) / 2), best = new Float64Array(characters);
    const waves = Array.from({ length: RASTER }, (_, i) => reach * ((2 * i) / (RASTER - 1) - 1));
    const table = (coordinate, turn) => waves.map((wave) =>
      Float64Array.from({ length: modulus }, (_, a) => turn(2 * Math.PI * wave * white[2 * a + coordinate])));
    const cosX = table(0, Math.cos), sinX = table(0, Math.sin), cosY = table(1, Math.cos), sinY = table(1, Math.sin);
    const root = Array.from({ length: modulus }, (_, r) => [Math.cos((2 * Math.PI * r) / modulus), Math.sin((2 * Math.PI * r) / modulus)]);
    const turn = Array.from({ length: characters }, (_, m) => ({
      c: Float64Array.from({ length: modulus }, (_, a) => root[((m + 1) * a) % modulus][0]),
      s: Float64Array.from({ length: modulus }, (_, a) => root[((m + 1) * a) % modulus][1]),
    }));
    const c = new Float64Array(modulus), s = new Float64Array(modulus);
    for (let i = 0; i < RASTER; i++) {
      for (let j = 0; j < RASTER; j++) {
        for (let a = 0; a < modulus; a++) {
          c[a] = cosX[i][a] * cosY[j][a] - sinX[i][a] * sinY[j][a];
          s[a] = sinX[i][a] * cosY[j][a] + cosX[i][a] * sinY[j][a];
        }
        for (let m = 0; m < characters; m++) {
          let real = 0, imaginary = 0;
          const tc = turn[m].c, ts = turn[m].s;
          for (let a = 0; a < modulus; a++) {
            real += c[a] * tc[a] + s[a] * ts[a];
            imaginary += s[a] * tc[a] - c[a] * ts[a];
          }
          best[m] = Math.max(best[m], real * real + imaginary * imaginary);
        }
      }
    }
    return best.reduce((sum, x) => sum + Math.sqrt(x), 0) / (characters * modulus);
  }

  /* Groups of sums that lie together: neighbours nearer than a fifth of the spacing belong to one group. */
  function sumClusters(points) {
    const modulus = points.length / 2, pairing = core.pairs(modulus), white = whitened(points);
    const sum = core.sums(white, pairing), near = (0.2 * spacing(modulus)) ** 2;
    const parent = Int32Array.from({ length: pairing.count }, (_, p) => p);
    const head = (p) => {
      while (parent[p] !== p) p = parent[p] = parent[parent[p]];
      return p;
    };
    let groups = pairing.count;
    for (let p = 0; p < pairing.count; p++) {
      for (let q = p + 1; q < pairing.count; q++) {
        const dx = sum[2 * p] - sum[2 * q], dy = sum[2 * p + 1] - sum[2 * q + 1];
        if (dx * dx + dy * dy >= near) continue;
        const one = head(p), other = head(q);
        if (one !== other) {
          parent[one] = other;
          groups -= 1;
        }
      }
    }
    return groups;
  }

  /* "line", "circle", "grid" or "other": the order matters, since a line passes for a grid under naive tests. */
  function label({ aspect: width, circularity: round, gridScore: score }) {
    if (width < LIMITS.line) return "line";
    if (round > LIMITS.circle) return "circle";
    return score > LIMITS.grid ? "grid" : "other";
  }

  /* All of them at once. */
  function measure(points) {
    const { value, frequency } = circularity(points);
    const found = { circularity: value, frequency, gridScore: gridScore(points), aspect: aspect(points) };
    return { ...found, sumClusters: sumClusters(points), label: label(found) };
  }

  Object.assign(core, { spectrum, circularity, aspect, whitened, gridScore, sumClusters, label, measure });
})();
