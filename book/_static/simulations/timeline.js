/* A record of the states through which a simulation went, of bounded length. It knows no page. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});

  /* At most `most` states: when they are more, every second one is dropped and from then on half as many are kept. */
  function timeline(most = 240) {
    let entries = [], interval = 1;
    return {
      /* Keep a state; `take` makes it, and is called only if the step is one that is kept, or if it is kept always. */
      record(step, take, always = false) {
        const last = entries.at(-1);
        if (last && step - last.step < interval && !always) return false;
        if (last?.step === step) entries.pop();
        entries.push({ step, state: take() });
        if (entries.length > most) {
          interval *= 2;
          entries = entries.filter(({ step: at }) => at % interval === 0);
        }
        return true;
      },
      /* Forget what came after an entry, as when the past is changed there. */
      cut(index) {
        entries.length = Math.min(entries.length, index + 1);
      },
      clear() {
        entries = [];
        interval = 1;
      },
      at: (index) => entries[index],
      get length() {
        return entries.length;
      },
      get entries() {
        return entries;
      },
    };
  }

  space.timeline = timeline;
})();
