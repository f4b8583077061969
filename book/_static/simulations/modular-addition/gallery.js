/* Sixteen seeds of the present parameters, one after the other without holding up the page, and what became of them. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});
  const SIDE = 4, SLICE = 12; // milliseconds of computing between two looks at the page
  const STEPS = { network: 1500, particles: 800 };

  /* Advances one seed for at most a slice; returns whether it is done. */
  function advance(run, which) {
    const end = performance.now() + SLICE;
    while (run.step < STEPS[which] && performance.now() < end) {
      if (which === "network") core.train(run.net, run.values);
      else core.move(run.points, run.pairing, run.values);
      run.step += 1;
    }
    return run.step >= STEPS[which];
  }

  function begin(values, which) {
    const points = core.start(values.modulus, values.start, values.seed), pairing = core.pairs(values.modulus);
    const net = which === "network" ? core.network(points, values) : null;
    if (values.scale === "fixed") core.fit(points, values.radius);
    return { values, pairing, net, points: net ? net.parameters.embedding : points, step: 0 };
  }

  const counted = (runs) => ["grid", "circle", "line", "other"]
    .map((label) => `${label} ${runs.filter((run) => run.label === label).length}`).join(", ");

  /* The part of the page; frame is asked for the present values, and is paused while the seeds run. */
  function gallery(frame) {
    const { element, button, colours, canvas } = space.page;
    const picture = canvas(1, { role: "img", "aria-label": "Sixteen seeds: not yet run" });
    const which = element("select", { id: "vd-sim-gallery-which", class: "vd-sim-input" },
      element("option", { value: "network" }, "the network"), element("option", { value: "particles" }, "the particles"));
    const told = element("p", { class: "vd-sim-counts", role: "status", "aria-live": "polite" }, "");
    const start = button("Run 16 seeds", () => (ticket ? stop() : run()));
    let runs = [], ticket = null;

    function stop() {
      ticket = null;
      start.textContent = "Run 16 seeds";
    }

    function run() {
      frame.play(false);
      const values = { ...frame.model.values }, mine = (ticket = {}), kind = which.value;
      start.textContent = "Stop";
      told.textContent = "";
      runs = [];
      const turn = () => {
        if (mine !== ticket) return;
        try {
          if (!runs.length || runs.at(-1).label) runs.push(begin({ ...values, seed: (values.seed + runs.length) % 10_000 }, kind));
        } catch (error) {
          told.textContent = error.message;
          return stop();
        }
        const now = runs.at(-1);
        if (advance(now, kind)) {
          now.label = core.measure(now.points).label;
          if (runs.length === SIDE * SIDE) {
            told.textContent = `After ${STEPS[kind]} steps: ${counted(runs)}.`;
            picture.element.setAttribute("aria-label", `Sixteen seeds of ${which.selectedOptions[0].textContent}. ${told.textContent}`);
            stop();
          }
        }
        draw();
        if (ticket) setTimeout(turn);
      };
      turn();
    }

    function draw() {
      const theme = colours();
      picture.draw((context, width) => {
        const side = width / SIDE;
        runs.forEach((one, i) => cell(context, one, (i % SIDE) * side, Math.floor(i / SIDE) * side, side, theme));
      });
    }

    const part = element("details", { class: "vd-sim-gallery", ontoggle: draw },
      element("summary", {}, "Gallery: one setting, sixteen seeds"),
      element("div", { class: "vd-sim-bar" }, element("label", { for: which.id }, "Seeds of"), which, start),
      told, picture.element);
    return { part, draw };
  }

  function cell(context, run, left, top, side, theme) {
    const { frameOf, reachOf, classColour } = core.draw, place = frameOf(side, side - 16, reachOf(run.points));
    context.strokeStyle = theme.line;
    context.strokeRect(left + 1, top + 1, side - 2, side - 2);
    for (let a = 0; a < run.values.modulus; a++) {
      const [x, y] = place.at(run.points[2 * a], run.points[2 * a + 1]);
      context.fillStyle = `rgb(${classColour(a, run.values.modulus).join(" ")})`;
      context.strokeStyle = theme.ink;
      context.lineWidth = 0.8;
      context.beginPath();
      context.arc(left + x, top + y, Math.max(2.5, side / 36), 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    context.fillStyle = theme.soft;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillText(run.label ? `${run.values.seed}: ${run.label}` : `${run.values.seed}: step ${run.step}`, left + side / 2, top + side - 5);
  }

  core.gallery = gallery;
})();
