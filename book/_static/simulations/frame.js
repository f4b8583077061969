/* The frame of a simulation in a page: run and pause, controls, time-line, link, export. The model and its pictures come
   from a description:

   { name, declared, groups: { group: words }, presets, preset(name), create(values), view(frame) }

   A model has values, step, advance(), change(name, value), snapshot(), restore(snapshot) and glance(); a view has
   panels and curve (elements), draw(model, playing) and pictures() (canvases with titles for the PNG); it may have
   buttons, extra (elements) and begin(model). See modular-addition/ for an example. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const LONGEST_FRAME = 40; // milliseconds of computing, after which a frame is shown though steps are left
  const CALM = 500; // milliseconds between pictures for a reader who asks for little motion

  function frame(container, description) {
    const { element, button, control, colours, whenThemeChanges, save, saveCanvases } = space.page;
    const { name, declared, presets } = description;
    const states = space.timeline();
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const self = { container, states, model: null, view: null, playing: false };
    let view = null, waiting = false, last = 0, visible = true;

    const say = (words) => { status.textContent = words; };
    const status = element("p", { class: "vd-sim-status", role: "status", "aria-live": "polite" });

    /* What the reader can set. */
    const controls = declared.map((declaration) => control(declaration, (value) => change(declaration, value)));
    const group = (of, words) => element("fieldset", { class: "vd-sim-group" }, element("legend", {}, words),
      ...controls.filter((_, i) => declared[i].group === of).map((one) => one.row));

    function change(declaration, value) {
      if (declaration.restart) return begin({ ...self.model.values, [declaration.name]: value });
      try {
        self.model.change(declaration.name, value);
      } catch (error) {
        say(error.message);
      }
      chosen(null);
      redraw();
    }

    /* The model anew. Values that cannot be are told, and the model stays as it was. */
    function begin(values, preset = null) {
      let made;
      try {
        made = description.create(values);
      } catch (error) {
        say(error.message);
        for (const one of controls) one.show(self.model.values[one.name]);
        return;
      }
      self.model = made;
      states.clear();
      for (const one of controls) one.show(made.values[one.name]);
      chosen(preset);
      keep();
      tell();
      say(made.fault ?? preset?.told ?? "");
      view?.begin?.(made);
      redraw();
    }

    const examples = presets.map((preset) => button(preset.label, () => begin(description.preset(preset.name), preset),
      { "aria-pressed": "false" }));
    function chosen(preset) {
      examples.forEach((one, i) => one.setAttribute("aria-pressed", String(presets[i] === preset)));
    }

    /* Running. */
    const run = button("Run", () => play(!self.playing), { class: "vd-sim-run" });
    function play(wanted) {
      self.playing = wanted;
      run.textContent = wanted ? "Pause" : "Run";
      last = 0;
      if (wanted) rewind();
      else {
        keep(true);
        tell();
      }
      request();
    }

    /* When the time-line shows the past, what runs begins there. */
    function rewind() {
      const index = Number(scrubber.value);
      if (index < states.length - 1) states.cut(index);
    }

    function request() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(tick);
    }

    function tick(now) {
      waiting = false;
      if (self.playing && (visible || !last)) {
        if (!calm.matches || now - last >= CALM) {
          advance(calm.matches ? (self.model.values.pace ?? 1) * 30 : self.model.values.pace ?? 1);
          last = now;
          view.draw(self.model, true);
        }
      } else if (!self.playing) view.draw(self.model, false);
      if (self.playing) request();
    }

    function advance(steps) {
      const end = performance.now() + LONGEST_FRAME * (calm.matches ? 5 : 1);
      for (let done = 0; done < steps && performance.now() < end; done++) {
        self.model.advance();
        keep();
      }
      tell();
    }

    const redraw = request;

    /* The time-line: a curve with a slider below. */
    const scrubber = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0, class: "vd-sim-input",
      "aria-label": "Time-line: go back to an earlier step", oninput: () => show(Number(scrubber.value)) });
    const when = element("output", { class: "num" }, "0");

    const keep = (always = false) =>
      states.record(self.model.step, () => ({ ...self.model.snapshot(), glance: self.model.glance() }), always);

    function tell(index = states.length - 1) {
      scrubber.max = states.length - 1;
      scrubber.value = index;
      when.value = `step ${self.model.step}`;
      scrubber.setAttribute("aria-valuetext", when.value);
    }

    function show(index) {
      if (self.playing) play(false);
      self.model.restore(states.at(index).state);
      tell(index);
      redraw();
    }

    /* After a change by hand the present is the last state of the time-line. */
    self.touched = () => {
      rewind();
      keep(true);
      tell();
      chosen(null);
      redraw();
    };

    /* The link, and what can be saved. */
    const address = element("input", { type: "text", readonly: true, class: "vd-sim-input", "aria-label": "Link to these parameters",
      hidden: true, onfocus: () => address.select() });
    async function link() {
      const fragment = space.parameters.write(name, declared, self.model.values);
      address.value = new URL(`#${fragment}`, location.href).href;
      address.hidden = false;
      const hand = self.model.byHand ? " What was moved by hand is not in it." : "";
      try {
        await navigator.clipboard.writeText(address.value);
        say(`The link to these parameters is copied.${hand}`);
      } catch {
        address.focus();
        say(`The link to these parameters stands in the field; copy it from there.${hand}`);
      }
    }

    function exported() {
      const { model } = self;
      const curve = states.entries.map(({ step, state }) => ({ step, loss: state.loss, ...state.glance }));
      const plain = JSON.stringify({ simulation: name, values: model.values, step: model.step, byHand: model.byHand,
        measures: model.measure(), state: model.snapshot(), curve },
      (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value), 1);
      save(new Blob([plain], { type: "application/json" }), `${name}.json`);
    }

    function opened() {
      const found = space.parameters.read(name, declared, location.hash);
      if (!found) return false;
      begin(found.values ?? description.preset(presets[0].name), found.values ? null : presets[0]);
      if (found.fault) say(`The link was not understood, so the simulation begins as usual. ${found.fault}`);
      container.scrollIntoView({ block: "start" });
      return true;
    }

    /* All of it together. */
    function build() {
      view = self.view = description.view(self);
      const step = button("One step", () => { if (self.playing) play(false); rewind(); advance(1); redraw(); });
      const again = button("Start again", () => begin(self.model.values));
      container.replaceChildren(
        element("div", { class: "vd-sim-bar", role: "group", "aria-label": "Examples" }, ...examples),
        element("div", { class: "vd-sim-bar", role: "group", "aria-label": "Run" }, run, step, again, ...(view.buttons ?? [])),
        status, view.panels,
        element("div", { class: "vd-sim-time" }, view.curve, element("div", { class: "vd-sim-scrub" }, scrubber, when)),
        element("div", { class: "vd-sim-groups" }, ...Object.entries(description.groups).map(([of, words]) => group(of, words))),
        ...(view.extra ?? []),
        element("div", { class: "vd-sim-bar", role: "group", "aria-label": "Take along" }, button("Copy the link", link),
          button("Save as PNG", () => saveCanvases(view.pictures(), 2, `${name}.png`, colours())),
          button("Save as JSON", exported)),
        address);
      container.classList.add("vd-sim-ready");
      if (!opened()) begin(description.preset(presets[0].name), presets[0]);
      addEventListener("hashchange", opened);
      whenThemeChanges(redraw);
      new ResizeObserver(redraw).observe(container);
      new IntersectionObserver(([entry]) => { visible = entry.isIntersecting; }).observe(container);
    }

    Object.assign(self, { say, play, redraw, begin, build });
    return self;
  }

  /* Describe a simulation; it is built in the page's container of this name, if there is one. */
  function simulate(description) {
    const container = document.querySelector(`[data-simulation="${description.name}"]`);
    if (!container) return;
    const made = frame(container, description);
    container.simulation = made;
    made.build();
  }

  Object.assign(space, { frame, simulate });
})();
