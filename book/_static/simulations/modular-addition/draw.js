/* Pictures of the simulation: points with their forces, sums with the read-out's decision, bars, curves. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});

  /* A class's colour on a circle of lightness and blue against yellow, which readers who cannot tell red from green see
     in full; red against green goes round twice, for all others. In OKLab, after Ottosson (2020). */
  function classColour(label, modulus) {
    const angle = (2 * Math.PI * label) / modulus;
    const L = 0.66 + 0.2 * Math.cos(angle), a = 0.09 * Math.sin(2 * angle), b = 0.12 * Math.sin(angle);
    const [l, m, s] = [L + 0.3963 * a + 0.2158 * b, L - 0.1056 * a - 0.0639 * b, L - 0.0895 * a - 1.2915 * b].map((x) => x ** 3);
    const linear = [4.0767 * l - 3.3077 * m + 0.231 * s, -1.2684 * l + 2.6098 * m - 0.3413 * s, -0.0042 * l - 0.7034 * m + 1.7076 * s];
    return linear.map((x) => {
      const clipped = Math.min(1, Math.max(0, x));
      return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
    });
  }

  const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
  const overIt = ([r, g, b]) => (0.3 * r + 0.59 * g + 0.11 * b > 130 ? "#000" : "#fff");

  /* From the plane to the canvas: `reach` is what lies between its middle and its edge. */
  function frameOf(width, height, reach) {
    const unit = Math.min(width, height) / (2 * reach);
    return {
      at: (x, y) => [width / 2 + x * unit, height / 2 - y * unit],
      back: (x, y) => [(x - width / 2) / unit, (height / 2 - y) / unit], unit,
    };
  }

  const reachOf = (points) => 1.25 * points.reduce((most, x) => Math.max(most, Math.abs(x)), 0.1);

  function axes(context, width, height, colours) {
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(width / 2, 0);
    context.lineTo(width / 2, height);
    context.moveTo(0, height / 2);
    context.lineTo(width, height / 2);
    context.stroke();
  }

  const common = (a, b) => (b ? common(b, a % b) : a);

  /* Lines from each residue to its neighbour on the circle of the strongest frequency, if there nearly is one. */
  function ring(context, points, place, colours) {
    const modulus = points.length / 2, { value, frequency } = core.circularity(points);
    if (!(value > 0.6) || common(frequency, modulus) !== 1) return;
    let next = 1;
    while ((next * frequency) % modulus !== 1) next += 1;
    context.strokeStyle = colours.none;
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 0; i <= modulus; i++) {
      const a = (i * next) % modulus, [x, y] = place.at(points[2 * a], points[2 * a + 1]);
      if (i) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
    context.stroke();
  }

  /* An arrow; a dashed one has a hollow head, so that the two forces differ by more than their colour. */
  function arrow(context, x, y, dx, dy, colour, dashed) {
    const length = Math.hypot(dx, dy);
    if (!(length > 2)) return;
    const [ux, uy] = [dx / length, dy / length], head = Math.min(6, length / 2);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(dashed ? [4, 3] : []);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + dx - ux * head, y + dy - uy * head);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(x + dx, y + dy);
    for (const side of [1, -1])
      context.lineTo(x + dx - head * (ux + 0.6 * side * uy), y + dy - head * (uy - 0.6 * side * ux));
    context.closePath();
    if (dashed) context.stroke();
    else context.fill();
  }

  function disc(context, x, y, radius, fill, line) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.stroke();
  }

  /* The points of the residues, with forces { clustering, alignment } that are `most` at the largest, and one chosen. */
  function points(context, width, height, { cloud, place, colours, forces, most, chosen }) {
    const modulus = cloud.length / 2, radius = width < 230 ? 7 : 9;
    axes(context, width, height, colours);
    ring(context, cloud, place, colours);
    if (forces) {
      const scale = (0.22 * Math.min(width, height)) / most;
      for (let a = 0; a < modulus; a++) {
        const [x, y] = place.at(cloud[2 * a], cloud[2 * a + 1]);
        arrow(context, x, y, scale * forces.clustering[2 * a], -scale * forces.clustering[2 * a + 1], colours.accent, false);
        arrow(context, x, y, scale * forces.alignment[2 * a], -scale * forces.alignment[2 * a + 1], colours.control, true);
      }
    }
    context.font = `600 ${radius + 2}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let a = 0; a < modulus; a++) {
      const [x, y] = place.at(cloud[2 * a], cloud[2 * a + 1]), colour = classColour(a, modulus);
      disc(context, x, y, radius, css(colour), colours.ink);
      if (a === chosen) {
        context.strokeStyle = colours.accent;
        context.lineWidth = 2.5;
        context.beginPath();
        context.arc(x, y, radius + 4, 0, 2 * Math.PI);
        context.stroke();
      }
      context.fillStyle = overIt(colour);
      context.fillText(String(a), x, y + 0.5);
    }
  }

  /* Which class the read-out gives to each place of the plane, as a small picture to be drawn large, and how far it reaches. */
  function decisions(net, reach, raster) {
    const found = document.createElement("canvas");
    found.width = found.height = raster;
    const context = found.getContext("2d"), picture = context.createImageData(raster, raster);
    for (let row = 0; row < raster; row++) {
      for (let column = 0; column < raster; column++) {
        const x = reach * ((2 * column + 1) / raster - 1), y = reach * (1 - (2 * row + 1) / raster);
        picture.data.set([...classColour(core.decide(net, x, y), net.modulus), 105], 4 * (row * raster + column));
      }
    }
    context.putImageData(picture, 0, 0);
    return { picture: found, reach };
  }

  /* The sum points; those that are not in training are small and hollow. */
  function sums(context, width, height, { cloud, pairing, place, colours, training, background }) {
    if (background) {
      const side = 2 * background.reach * place.unit;
      context.imageSmoothingEnabled = false;
      context.drawImage(background.picture, (width - side) / 2, (height - side) / 2, side, side);
    }
    axes(context, width, height, colours);
    const at = core.sums(cloud, pairing), radius = width < 230 ? 5 : 6.5;
    const inTraining = training && new Set(training);
    context.font = `600 ${Math.round(radius * 1.4)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let p = 0; p < pairing.count; p++) {
      const [x, y] = place.at(at[2 * p], at[2 * p + 1]), colour = classColour(pairing.label[p], pairing.modulus);
      if (inTraining && !inTraining.has(p)) {
        disc(context, x, y, radius / 2, colours.paper, colours.ink);
        continue;
      }
      disc(context, x, y, radius, css(colour), colours.ink);
      context.fillStyle = overIt(colour);
      context.fillText(String(pairing.label[p]), x, y + 0.5);
    }
  }

  /* Shares of the frequencies: filled bars for the network, hollow ones for the particles. */
  function bars(context, width, height, { spectra, colours }) {
    const count = spectra.particles.length, left = 30, foot = 18, top = 8;
    const unit = (width - left) / count, tall = height - foot - top;
    scale(context, width, left, top, tall, colours);
    context.textAlign = "center";
    for (let k = 0; k < count; k++) {
      const x = left + unit * k, wide = Math.min(14, 0.36 * unit);
      context.fillStyle = colours.accent;
      if (spectra.network) context.fillRect(x + unit / 2 - wide, top + tall * (1 - spectra.network[k]), wide, tall * spectra.network[k]);
      context.strokeStyle = colours.ok;
      context.lineWidth = 2;
      context.strokeRect(x + unit / 2 + 2, top + tall * (1 - spectra.particles[k]), wide - 2, tall * spectra.particles[k]);
      context.fillStyle = colours.soft;
      context.fillText(String(k + 1), x + unit / 2, height - 5);
    }
  }

  /* 0, ½ and 1 at the left, with lines. */
  function scale(context, width, left, top, tall, colours) {
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "alphabetic";
    context.setLineDash([]);
    context.lineWidth = 1;
    for (const [value, words] of [[0, "0"], [0.5, "½"], [1, "1"]]) {
      const y = top + tall * (1 - value);
      context.strokeStyle = colours.line;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(width, y);
      context.stroke();
      context.fillStyle = colours.soft;
      context.fillText(words, left - 6, y + 4);
    }
  }

  const CURVES = [["accuracy", "ink", [2, 3]], ["network", "accent", []], ["particles", "ok", [8, 4]]];

  /* Accuracy and circularity over the steps that are kept, and where the time-line stands. */
  function curves(context, width, height, { entries, step, colours }) {
    const left = 30, top = 6, tall = height - 12, end = Math.max(1, entries.at(-1)?.step ?? 1);
    scale(context, width, left, top, tall, colours);
    const x = (at) => left + ((width - left - 2) * at) / end;
    for (const [name, colour, dash] of CURVES) {
      context.strokeStyle = colours[colour];
      context.lineWidth = 1.8;
      context.setLineDash(dash);
      context.beginPath();
      for (const { step: at, state } of entries)
        if (Number.isFinite(state.glance[name])) context.lineTo(x(at), top + tall * (1 - state.glance[name]));
      context.stroke();
    }
    context.setLineDash([]);
    context.strokeStyle = colours.soft;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x(step), 0);
    context.lineTo(x(step), height);
    context.stroke();
  }

  core.draw = { frameOf, reachOf, points, sums, decisions, bars, curves, classColour };
})();
