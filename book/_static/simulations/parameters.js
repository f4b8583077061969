/* Declared parameters of a simulation: what a value may be, and the link that carries all of them. It knows no page.

   A declaration is { name, label, group, value } with either { least, most, step } for a number, { choices: { value: words } }
   or { toggle: true }; `restart` marks those that begin the simulation anew, `field` a number that is typed. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const LONGEST_LINK = 2000, SHOWN = 24;

  /* A value as it is told to the reader; a foreign one only in part. */
  const shown = (value) => {
    const text = String(value);
    return `“${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}”`;
  };

  const standard = (declared) => Object.fromEntries(declared.map(({ name, value }) => [name, value]));

  const onRaster = (value, { least, step }) => Math.abs((value - least) / step - Math.round((value - least) / step)) < 1e-6;

  /* One sentence on what is wrong with a value, or null. */
  function fault(declaration, value) {
    const { label, choices, toggle, least, most, step } = declaration;
    if (toggle) return typeof value === "boolean" ? null : `${label}: ${shown(value)} is neither on nor off.`;
    if (choices) return Object.hasOwn(choices, value) ? null : `${label}: ${shown(value)} is not one of its choices.`;
    if (typeof value !== "number" || !Number.isFinite(value) || value < least || value > most)
      return `${label}: ${shown(value)} is not a number from ${least} to ${most}.`;
    return onRaster(value, declaration) ? null : `${label}: ${shown(value)} is not a multiple of ${step}.`;
  }

  /* All values checked; throws a RangeError with the first fault. */
  function check(declared, values) {
    for (const declaration of declared) {
      const found = fault(declaration, values[declaration.name]);
      if (found) throw new RangeError(found);
    }
    return values;
  }

  /* Values as the fragment of an address: it stays in the browser, no server gets to see it. */
  function write(simulation, declared, values) {
    const written = declared.map(({ name, toggle }) => `${name}=${toggle ? (values[name] ? "on" : "off") : values[name]}`);
    return `simulation=${[simulation, ...written].join("&")}`;
  }

  function value(declaration, text) {
    if (declaration.toggle) return { on: true, off: false }[text] ?? text;
    if (declaration.choices) return text;
    return /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
  }

  /* What a fragment says: null if it is about something else, { values }, or { fault } with one sentence on why not. */
  function read(simulation, declared, fragment) {
    const [head, ...rest] = fragment.replace(/^#/, "").split("&");
    if (head !== `simulation=${simulation}`) return null;
    if (fragment.length > LONGEST_LINK) return { fault: "The link is too long." };
    const values = standard(declared), known = new Map(declared.map((one) => [one.name, one]));
    for (const part of rest) {
      const [name, text] = part.split("=", 2), declaration = known.get(name);
      if (!declaration || text === undefined) return { fault: `There is no parameter ${shown(name)}, or it stands there twice.` };
      known.delete(name);
      values[name] = value(declaration, text);
      const found = fault(declaration, values[name]);
      if (found) return { fault: found };
    }
    return { values };
  }

  space.parameters = { standard, fault, check, write, read };
})();
