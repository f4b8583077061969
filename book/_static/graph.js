/* The graphs of needs: what a claim needs and what needs it, by mouse and by keyboard. Links stay links. */
(() => {
  "use strict";
  const list = (names) => names.length < 2 ? names.join("")
    : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;

  const enliven = (frame) => {
    const picture = frame.querySelector("svg.vd-graph");
    const line = frame.querySelector(".vd-graph-line");
    if (!picture || !line) return;
    const boxes = [...picture.querySelectorAll("a[data-name]")];
    const edges = [...picture.querySelectorAll("path[data-edge]")].map((path) => {
      const [need, claim] = path.dataset.edge.split(" ").map(Number);
      return { path, need, claim };
    });
    const needs = (box) => edges.filter((edge) => edge.claim === box).map((edge) => edge.need);
    const neededBy = (box) => edges.filter((edge) => edge.need === box).map((edge) => edge.claim);
    const reach = (box, step) => {
      const found = new Set(step(box));
      for (const other of found) for (const further of step(other)) found.add(further);
      return found;
    };
    const names = (found) => list(found.map((box) => boxes[box].dataset.name));

    const sentence = (box) => {
      const above = needs(box), below = neededBy(box);
      const indirect = reach(box, needs).size - above.length;
      const first = above.length ? `needs ${names(above)}` : "needs no other claim";
      const through = indirect ? `, and through ${above.length > 1 ? "them" : "it"} ${indirect} more` : "";
      const second = below.length ? `It is needed by ${names(below)}.` : "No other claim here needs it.";
      return `${boxes[box].dataset.name} ${first}${through}. ${second}`;
    };
    const idle = line.textContent = "Point at a claim, or reach it with Tab and the arrow keys.";
    const point = (box) => {
      const above = box === null ? new Set() : reach(box, needs);
      const below = box === null ? new Set() : reach(box, neededBy);
      picture.classList.toggle("vd-active", box !== null);
      boxes.forEach((link, other) => {
        link.classList.toggle("vd-here", other === box);
        link.classList.toggle("vd-above", above.has(other));
        link.classList.toggle("vd-below", below.has(other));
      });
      for (const { path, need, claim } of edges) {
        path.classList.toggle("vd-above", (above.has(need) && (claim === box || above.has(claim))));
        path.classList.toggle("vd-below", (below.has(claim) && (need === box || below.has(need))));
      }
      line.textContent = box === null ? idle : sentence(box);
    };

    let current = 0;
    const settle = (box) => {
      current = box;
      boxes.forEach((link, other) => link.setAttribute("tabindex", other === box ? "0" : "-1"));
    };
    const place = (box) => boxes[box].querySelector("rect.vd-box").getBBox();
    const nearest = (box, found) => {
      const middle = place(box).x;
      return found.sort((a, b) => Math.abs(place(a).x - middle) - Math.abs(place(b).x - middle))[0];
    };
    const steps = {
      ArrowUp: (box) => nearest(box, needs(box)),
      ArrowDown: (box) => nearest(box, neededBy(box)),
      ArrowLeft: (box) => box - 1,
      ArrowRight: (box) => box + 1,
      Home: () => 0,
      End: () => boxes.length - 1,
    };
    const focused = () => boxes.indexOf(document.activeElement);

    picture.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || focused() < 0) return;
      if (event.key === "Escape") {
        point(null);
        line.focus();
      } else if (event.key in steps) {
        const next = steps[event.key](focused());
        if (next !== undefined && boxes[next]) {
          settle(next);
          boxes[next].focus();
        }
      } else return;
      event.preventDefault();
    });
    boxes.forEach((link, box) => {
      link.addEventListener("focus", () => { settle(box); point(box); });
      link.addEventListener("blur", () => point(null));
      link.addEventListener("mouseenter", () => point(box));
      link.addEventListener("mouseleave", () => point(focused() < 0 ? null : focused()));
    });
    settle(current);
    line.tabIndex = -1;
    line.hidden = false;
  };

  document.querySelectorAll(".vd-graph-chapter").forEach(enliven);
  document.querySelectorAll(".vd-graph-help").forEach((help) => { help.hidden = false; });
})();
