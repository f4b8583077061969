/* Seeded draws for simulations: Mulberry32 for the uniform, Box and Muller for the normal distribution. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});

  /* Streams of one seed for different purposes are apart, so that a change of the split leaves the start as it was. */
  function stream(seed, purpose = 0) {
    let state = (seed + Math.imul(purpose, 0x9e3779b9)) >>> 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let z = Math.imul(state ^ (state >>> 15), state | 1);
      z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
      return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
    };
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal, order: (size) => order(size, uniform) };
  }

  /* The numbers 0 to size − 1 in an order that is drawn (Fisher and Yates). */
  function order(size, uniform) {
    const found = Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [found[i], found[j]] = [found[j], found[i]];
    }
    return found;
  }

  space.random = { stream };
})();
