/* Network and particles side by side from one start: what runs, what is changed by hand, what is kept of it. No page. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});
  const FAR = 50; // how far a point can be dragged: beyond, squares of distances mean nothing any more

  /* The pair of systems with checked values. A split that cannot be drawn leaves model.net null and model.fault a sentence. */
  function model(values) {
    const { check } = space.parameters;
    const own = { ...check(core.declared, values) };
    const found = { values: own, step: 0, loss: NaN, moved: NaN, fault: null, byHand: false, pairing: core.pairs(own.modulus) };
    found.points = core.start(own.modulus, own.start, own.seed);
    try {
      found.net = core.network(found.points, own);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      found.net = null;
      found.fault = error.message;
    }
    if (own.scale === "fixed") core.fit(found.points, own.radius);

    return Object.assign(found, {
      /* One step of both. */
      advance() {
        if (found.net) found.loss = core.train(found.net, own);
        const before = found.points.slice();
        core.move(found.points, found.pairing, own);
        found.moved = Math.sqrt(found.points.reduce((sum, x, i) => sum + (x - before[i]) ** 2, 0) / own.modulus);
        found.step += 1;
      },
      /* A value that may change while it runs; throws a RangeError for one that may not be. */
      change(name, value) {
        check(core.declared, { ...own, [name]: value });
        own[name] = value;
        if (own.scale === "fixed" && (name === "radius" || name === "scale")) core.fit(found.points, own.radius);
      },
      /* Put a point of the network or of the particles elsewhere. */
      drag(which, index, x, y) {
        const points = found.cloud(which);
        if (!points || ![x, y].every(Number.isFinite)) return;
        points[2 * index] = Math.max(-FAR, Math.min(FAR, x));
        points[2 * index + 1] = Math.max(-FAR, Math.min(FAR, y));
        found.byHand = true;
      },
      /* The particles take the network's points. */
      handOver() {
        if (!found.net) return;
        found.points.set(found.net.parameters.embedding);
        if (own.scale === "fixed") core.fit(found.points, own.radius);
        found.byHand = true;
      },
      cloud: (which) => (which === "particles" ? found.points : found.net?.parameters.embedding),
      /* All that is needed to go on from here. */
      snapshot() {
        const { net, step, loss, moved } = found;
        const kept = { step, loss, moved, points: found.points.slice() };
        return net ? { ...kept, flat: net.flat.slice(), mean: net.mean.slice(), square: net.square.slice(), steps: net.steps } : kept;
      },
      restore(kept) {
        Object.assign(found, { step: kept.step, loss: kept.loss, moved: kept.moved });
        found.points.set(kept.points);
        if (!found.net) return;
        for (const name of ["flat", "mean", "square"]) found.net[name].set(kept[name]);
        found.net.steps = kept.steps;
      },
      /* What the curves show at this moment; less than `measure`, so that it can be had at every frame. */
      glance() {
        const { net } = found;
        return {
          accuracy: net ? core.examine(net, net.training).accuracy : NaN,
          network: net ? core.circularity(net.parameters.embedding).value : NaN,
          particles: core.circularity(found.points).value,
        };
      },
      measure() {
        const { net } = found;
        return {
          network: net && {
            ...core.measure(net.parameters.embedding), training: core.examine(net, net.training),
            validation: core.examine(net, net.validation),
          },
          particles: core.measure(found.points),
        };
      },
    });
  }

  core.model = model;
})();
