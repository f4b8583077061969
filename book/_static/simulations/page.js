/* Small parts of a simulation's page: elements, controls with labels, colours of the theme, a canvas that is sharp. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  let made = 0;

  /* An element with attributes and children. Words come in as text alone, so that nothing a link says becomes markup. */
  function element(tag, attributes = {}, ...children) {
    const found = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
      else if (value === true) found.setAttribute(name, "");
      else if (value !== false && value != null) found.setAttribute(name, value);
    }
    found.append(...children);
    return found;
  }

  const button = (words, onclick, more = {}) => element("button", { type: "button", onclick, ...more }, words);

  /* A labelled control for a declared parameter; changed(value) gets numbers, names of choices, or true and false. */
  function control(declaration, changed) {
    const { name, label, choices, toggle, field, least, most, step } = declaration;
    const id = `vd-sim-${name}-${(made += 1)}`, attributes = { id, name, class: "vd-sim-input" };
    if (toggle) {
      const input = element("input", { type: "checkbox", ...attributes, onchange: () => changed(input.checked) });
      return { name, input, row: element("div", { class: "vd-sim-row vd-sim-toggle" }, input, element("label", { for: id }, label)),
        show: (value) => { input.checked = value; } };
    }
    if (choices) {
      const options = Object.entries(choices).map(([value, words]) => element("option", { value }, words));
      const input = element("select", { ...attributes, onchange: () => changed(input.value) }, ...options);
      return { name, input, row: element("div", { class: "vd-sim-row" }, element("label", { for: id }, label), input),
        show: (value) => { input.value = value; } };
    }
    if (field) {
      const input = element("input", { type: "number", min: least, max: most, step, ...attributes,
        onchange: () => changed(input.value === "" ? NaN : Number(input.value)) });
      return { name, input, row: element("div", { class: "vd-sim-row" }, element("label", { for: id }, label), input),
        show: (value) => { input.value = String(value); } };
    }
    const output = element("output", { for: id, class: "num" });
    const input = element("input", { type: "range", min: least, max: most, step, ...attributes, oninput: () => {
      output.value = input.value;
      changed(Number(input.value));
    } });
    const words = element("span", { class: "vd-sim-words" }, element("label", { for: id }, label), output);
    return { name, input, row: element("div", { class: "vd-sim-row" }, words, input),
      show: (value) => { output.value = input.value = String(value); } };
  }

  /* Colours of the book as they are now, light or dark; see verified-dynamics.css. */
  function colours() {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(["ink", "soft", "line", "paper", "wash", "ok", "control", "none", "accent"]
      .map((name) => [name, style.getPropertyValue(`--vd-${name}`).trim() || "#777"]));
  }

  /* Call back whenever the reader changes the theme. */
  function whenThemeChanges(call) {
    new MutationObserver(call).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  /* A canvas of some proportion that has one dot for each dot of the screen. draw(context, width, height) in CSS pixels. */
  function canvas(proportion, attributes = {}) {
    const found = element("canvas", { class: "vd-sim-canvas", ...attributes });
    found.style.aspectRatio = String(proportion);
    const draw = (paint) => {
      const width = found.clientWidth, height = found.clientHeight, ratio = globalThis.devicePixelRatio || 1;
      if (!width || !height) return;
      const [dotsX, dotsY] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (found.width !== dotsX || found.height !== dotsY) Object.assign(found, { width: dotsX, height: dotsY });
      const context = found.getContext("2d");
      context.setTransform(dotsX / width, 0, 0, dotsY / height, 0, 0);
      context.clearRect(0, 0, width, height);
      paint(context, width, height);
    };
    return { element: found, draw };
  }

  /* Let the reader save something under a name. */
  function save(blob, name) {
    const address = URL.createObjectURL(blob);
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  /* Canvases { canvas, title } beside and below each other in one picture, on the colour of the paper. */
  function saveCanvases(pictures, columns, name, { paper, ink }) {
    const wide = Math.max(...pictures.map(({ canvas: one }) => one.width));
    const tall = Math.max(...pictures.map(({ canvas: one }) => (wide * one.height) / one.width)), head = Math.round(0.08 * wide);
    const whole = element("canvas", { width: wide * columns, height: (tall + head) * Math.ceil(pictures.length / columns) });
    const context = whole.getContext("2d");
    context.fillStyle = paper;
    context.fillRect(0, 0, whole.width, whole.height);
    context.fillStyle = ink;
    context.font = `${Math.round(0.55 * head)}px system-ui, sans-serif`;
    pictures.forEach(({ canvas: one, title }, i) => {
      const left = (i % columns) * wide, top = Math.floor(i / columns) * (tall + head);
      context.fillText(title, left + 0.3 * head, top + 0.7 * head);
      context.drawImage(one, left, top + head, wide, (wide * one.height) / one.width);
    });
    whole.toBlob((blob) => save(blob, name), "image/png");
  }

  space.page = { element, button, control, colours, whenThemeChanges, canvas, save, saveCanvases };
})();
