/* The simulation in its page: four pictures, measures, frequencies, points that can be dragged or moved with the keys. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});
  const SIDES = ["network", "particles"];
  const RESTED = 250; // milliseconds between two measurements while it runs: they cost as much as several steps
  const NEAR = 24; // pixels within which a finger or a pointer takes a point
  const TITLES = { network: "Network: embedding", particles: "Particles: points",
    "network-sums": "Network: sums", "particles-sums": "Particles: sums" };
  const MEASURES = [
    ["Structure", (found) => found.label],
    ["Circularity", (found) => number(found.circularity, 3)],
    ["Frequency", (found) => String(found.frequency || "–")],
    ["Grid score", (found) => number(found.gridScore, 3)],
    ["Aspect", (found) => number(found.aspect, 3)],
    ["Clusters of sums", (found) => String(found.sumClusters)],
    ["Training loss", (found) => (found.training ? number(found.training.loss, 4) : "–")],
    ["Training accuracy", (found) => (found.training ? percent(found.training.accuracy) : "–")],
    ["Validation accuracy", (found) => (found.validation ? percent(found.validation.accuracy) : "–")],
    ["Movement per step", (found) => (found.moved < 5e-7 ? "none" : number(found.moved, 6))],
  ];

  const number = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–");
  const percent = (value) => (Number.isFinite(value) ? `${(100 * value).toFixed(0)} %` : "–");

  /* The table of measures: its element, and a function that fills it. */
  function table(element) {
    const cells = {};
    const rows = MEASURES.map(([words], i) => element("tr", {}, element("th", { scope: "row" }, words),
      ...SIDES.map((side) => (cells[`${side}-${i}`] = element("td", { class: "num", "data-measure": `${side}: ${words}` }, "–")))));
    const head = element("tr", {}, element("th", { scope: "col" }, "Measure"), element("th", { scope: "col" }, "Network"),
      element("th", { scope: "col" }, "Particles"));
    const whole = element("table", { class: "vd-table vd-sim-measures" }, element("thead", {}, head), element("tbody", {}, ...rows));
    const fill = (found) => MEASURES.forEach(([, read], i) => {
      for (const side of SIDES) cells[`${side}-${i}`].textContent = found[side] ? read(found[side]) : "–";
    });
    return { whole, fill };
  }

  function view(frame) {
    const { element, button, canvas, colours } = space.page;
    const looks = { network: { reach: 2, chosen: null }, particles: { reach: 2, chosen: null } };
    const panels = {}, measures = table(element), gallery = core.gallery(frame);
    let held = null, largest = 1e-9, background = null, frames = 0, measured = -Infinity;

    const help = element("p", { class: "vd-sim-help", id: "vd-sim-help" },
      "Drag a point, or choose one with Page Up and Page Down and move it with the arrow keys.");
    for (const side of SIDES) {
      panels[side] = canvas(1, { tabindex: 0, role: "application", "aria-describedby": "vd-sim-help",
        "aria-label": side === "network" ? "Points of the network: its embedding" : "Points of the particles" });
      panels[`${side}-sums`] = canvas(1, { role: "img", "aria-label": side === "network"
        ? "Sums of the network's points, over the class that its read-out gives to each place" : "Sums of the particles' points" });
      hands(side);
    }
    const bars = canvas(1.7, { role: "img" }), curve = canvas(5, { role: "img",
      "aria-label": "Curves over the steps: training accuracy, circularity of the network, circularity of the particles" });

    /* Dragging: the point under the pointer is held, and the page does not scroll from there. */
    function hands(side) {
      const found = panels[side].element;
      const spot = (event) => {
        const box = found.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
      };
      const place = () => core.draw.frameOf(found.clientWidth, found.clientHeight, looks[side].reach);
      const under = ([x, y]) => {
        const cloud = frame.model.cloud(side), at = place().at;
        let best = null, least = NEAR;
        for (let a = 0; cloud && a < cloud.length / 2; a++) {
          const [u, v] = at(cloud[2 * a], cloud[2 * a + 1]), away = Math.hypot(u - x, v - y);
          if (away < least) [best, least] = [a, away];
        }
        return best;
      };
      found.addEventListener("touchstart", (event) => {
        if (under(spot(event.touches[0])) !== null) event.preventDefault();
      }, { passive: false });
      found.addEventListener("pointerdown", (event) => {
        const index = under(spot(event));
        if (index === null) return;
        held = { side, index };
        looks[side].chosen = index;
        found.setPointerCapture(event.pointerId);
        frame.redraw();
      });
      found.addEventListener("pointermove", (event) => {
        if (held?.side !== side) {
          found.style.cursor = under(spot(event)) === null ? "" : "grab";
          return;
        }
        held.at = place().back(...spot(event));
        put(side, held.index, ...held.at);
      });
      for (const end of ["pointerup", "pointercancel"]) found.addEventListener(end, () => { held = null; });
      found.addEventListener("keydown", (event) => key(event, side));
    }

    function put(side, index, x, y) {
      frame.model.drag(side, index, x, y);
      measured = -Infinity;
      frame.touched();
    }

    function key(event, side) {
      const cloud = frame.model.cloud(side), look = looks[side];
      if (!cloud) return;
      const count = cloud.length / 2, turn = { PageDown: 1, PageUp: -1 }[event.key];
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!turn && !move) return;
      event.preventDefault();
      if (turn) look.chosen = look.chosen === null ? (turn > 0 ? 0 : count - 1) : (look.chosen + turn + count) % count;
      else {
        look.chosen ??= 0;
        const i = look.chosen, far = look.reach / (event.shiftKey ? 5 : 25);
        put(side, i, cloud[2 * i] + far * move[0], cloud[2 * i + 1] + far * move[1]);
      }
      const i = look.chosen;
      frame.say(`Point ${i} of the ${side} at (${number(cloud[2 * i], 2)}, ${number(cloud[2 * i + 1], 2)}).`);
      frame.redraw();
    }

    /* What a picture shows grows at once and shrinks slowly, so that it does not jump. A held point keeps it. */
    function reach(side, cloud) {
      const look = looks[side], wanted = core.draw.reachOf(cloud);
      if (held?.side === side) return look.reach;
      return (look.reach = wanted > look.reach || wanted < 0.7 * look.reach ? wanted : 0.95 * look.reach + 0.05 * wanted);
    }

    function forces(model) {
      if (!model.values.arrows) return null;
      const found = core.forces(model.points, model.pairing, model.values);
      for (const one of [found.clustering, found.alignment])
        for (let i = 0; i < one.length; i += 2) largest = Math.max(largest, Math.hypot(one[i], one[i + 1]));
      return found;
    }

    function drawSide(side, model, theme, playing) {
      const cloud = model.cloud(side);
      if (!cloud) {
        for (const one of [side, `${side}-sums`]) panels[one].draw(() => {});
        return;
      }
      const far = reach(side, cloud), { frameOf } = core.draw, network = side === "network";
      panels[side].draw((context, width, height) => core.draw.points(context, width, height, { cloud, colours: theme,
        place: frameOf(width, height, far), forces: network ? null : forces(model), most: largest, chosen: looks[side].chosen }));
      // The decision at thousands of places costs as much as some steps: coarse and seldom while it runs.
      if (network && (!playing || frames % 6 === 0)) background = core.draw.decisions(model.net, 2 * far, playing ? 40 : 120);
      panels[`${side}-sums`].draw((context, width, height) => core.draw.sums(context, width, height, { cloud, colours: theme,
        pairing: model.pairing, place: frameOf(width, height, 2 * far), training: network ? model.net.training : null,
        background: network ? background : null }));
    }

    function draw(model, playing) {
      const theme = colours(), now = performance.now();
      frames += 1;
      if (held?.at) model.drag(held.side, held.index, ...held.at); // the forces do not take a point out of the hand
      for (const side of SIDES) drawSide(side, model, theme, playing);
      const spectra = Object.fromEntries(SIDES.map((side) => [side, model.cloud(side) && core.spectrum(model.cloud(side))]));
      bars.draw((context, width, height) => core.draw.bars(context, width, height, { spectra, colours: theme }));
      curve.draw((context, width, height) => core.draw.curves(context, width, height,
        { entries: frame.states.entries, step: model.step, colours: theme }));
      if (!playing) gallery.draw();
      if (playing && now - measured < RESTED) return;
      measured = now;
      const found = model.measure();
      found.particles.moved = model.moved;
      measures.fill(found);
      bars.element.setAttribute("aria-label", SIDES.filter((side) => found[side]).map((side) =>
        `Strongest frequency of the ${side}: ${found[side].frequency}, with ${number(found[side].circularity, 2)} of the power`).join(". "));
    }

    const panel = (title, one, ...more) => element("figure", { class: "vd-sim-panel" }, element("figcaption", {}, title), one.element, ...more);
    const mark = (kind, words) => element("span", { class: `vd-sim-mark ${kind}` }, words);
    const legend = (...marks) => element("p", { class: "vd-sim-legend" }, ...marks);
    return {
      panels: element("div", {},
        element("div", { class: "vd-sim-panels" }, ...Object.entries(TITLES).map(([name, title]) => panel(title, panels[name]))),
        legend(mark("vd-sim-clustering", "force of clustering"), mark("vd-sim-alignment", "force of alignment"),
          "Colour behind the sums: the class that the read-out gives there. Small circles: pairs not in training."), help,
        element("div", { class: "vd-sim-numbers" }, measures.whole, element("figure", { class: "vd-sim-panel" },
          element("figcaption", {}, "Share of each frequency in the points"), bars.element,
          legend(mark("vd-sim-filled", "network"), mark("vd-sim-hollow", "particles"))))),
      curve: element("figure", { class: "vd-sim-panel" }, element("figcaption", {}, "Over the steps"), curve.element,
        legend(mark("vd-sim-dotted", "training accuracy"), mark("vd-sim-solid", "circularity, network"),
          mark("vd-sim-dashed", "circularity, particles"))),
      buttons: [button("Network’s points to the particles", () => {
        frame.model.handOver();
        largest = 1e-9;
        frame.touched();
      })],
      extra: [gallery.part],
      begin() {
        largest = 1e-9;
        measured = -Infinity;
        for (const look of Object.values(looks)) look.chosen = null;
      },
      pictures: () => Object.entries(TITLES).map(([name, title]) => ({ canvas: panels[name].element, title })),
      draw,
    };
  }

  if (globalThis.document) addEventListener("DOMContentLoaded", () => space.simulate({
    name: "modular-addition", declared: core.declared, presets: core.presets, preset: core.preset, create: core.model, view,
    groups: { start: "Start", network: "Network", particles: "Particles", run: "Run and picture" },
  }));
})();
