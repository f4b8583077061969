/* Parameters of the simulation and its examples, each with what the chapter predicts of it. It knows no page. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});

  const number = (name, label, group, value, least, most, step, more) => ({ name, label, group, value, least, most, step, ...more });
  const anew = { restart: true };

  const declared = [
    number("modulus", "Modulus N", "start", 17, 5, 31, 1, anew),
    number("seed", "Seed", "start", 1, 0, 9999, 1, { ...anew, field: true }),
    { name: "start", label: "Begin with", group: "start", value: "random", ...anew,
      choices: { random: "random points", circle: "an exact circle", lattice: "an exact lattice" } },
    number("width", "Hidden units H", "network", 64, 1, 128, 1, anew),
    { name: "biases", label: "Biases", group: "network", value: true, toggle: true, ...anew },
    number("share", "Training share", "network", 0.8, 0.1, 1, 0.05, anew),
    number("decay", "Weight decay", "network", 1, 0, 4, 0.05),
    number("rate", "Learning rate", "network", 0.01, 0, 0.05, 0.001),
    number("clustering", "Clustering weight", "particles", 1, 0, 3, 0.1),
    number("alignment", "Alignment weight", "particles", 0, 0, 10, 0.1),
    number("range", "Range of clustering", "particles", 1, 0.2, 3, 0.1),
    number("stepSize", "Step size", "particles", 0.01, 0, 0.1, 0.001),
    { name: "scale", label: "Size of the cloud", group: "particles", value: "fixed",
      choices: { fixed: "held fixed", decay: "weight decay" } },
    number("radius", "Fixed size", "particles", 2.5, 0.5, 5, 0.1),
    number("pace", "Steps per frame", "run", 5, 1, 40, 1),
    { name: "arrows", label: "Forces as arrows", group: "run", value: true, toggle: true },
  ];

  const aligned = { clustering: 0, alignment: 1, stepSize: 0.012 };

  /* `network` and `particles`: the structure that the chapter predicts for most seeds, if it predicts one. */
  const presets = [
    { name: "grid", label: "Grid", changes: {}, network: "grid", particles: "grid",
      told: "Biases let sums of one class attract each other, and clustering alone moves the particles: both become a grid." },
    { name: "circle", label: "Circle", changes: { biases: false, share: 1, decay: 1.5, ...aligned },
      network: "circle", particles: "circle",
      told: "Without biases only directions count, and alignment alone moves the particles: both become a circle." },
    { name: "no-bias", label: "No bias → circle", changes: { biases: false, clustering: 0.5, alignment: 5, stepSize: 0.002 },
      network: null, particles: "circle",
      told: "As in “Grid”, but the network has no biases: about half of the seeds become a circle and hardly one a grid. "
        + "For the particles alignment outweighs clustering." },
    { name: "little-decay", label: "Too little decay → mess", changes: { biases: false, decay: 0, clustering: 0.5, alignment: 5, stepSize: 0.002 },
      network: "other", particles: "circle",
      told: "As in “No bias”, but without weight decay: the network learns its training pairs by heart and its points stay in a mess." },
    { name: "even", label: "Even N fails", changes: { modulus: 16, biases: false, share: 1, decay: 1.5, ...aligned },
      network: null, particles: null,
      told: "As in “Circle”, but N is even: opposite points sum to the origin, which has no direction, and the particles find no rest." },
  ];

  /* All values of an example. */
  function preset(name) {
    const found = presets.find((one) => one.name === name);
    return { ...space.parameters.standard(declared), ...found.changes };
  }

  Object.assign(core, { declared, presets, preset });
})();
