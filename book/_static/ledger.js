/* The ledger page: filters whose state stands in the page's address, and statements that are typeset when opened. */
(() => {
  "use strict";
  const form = document.querySelector("form.vd-filter");
  if (!form) return;
  const count = document.querySelector(".vd-count");
  const reset = form.querySelector(".vd-reset");
  const unfold = form.querySelector(".vd-unfold-all");
  const sections = [...document.querySelectorAll(".vd-by-chapter")];
  const pictures = [...document.querySelectorAll(".vd-graph-chapter")];
  const fields = [...form.querySelectorAll("select[name], input[name]")];
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // One entry per claim, read once: the row, what the filters ask, and the words that the search field matches.
  const claims = [...document.querySelectorAll("tr[id^='row-']")].map((row) => ({
    row,
    name: row.id.slice(4),
    values: Object.fromEntries(Object.entries({ ...row.closest(".vd-by-chapter").dataset, ...row.dataset })
      .map(([name, value]) => [name, value.split("|")])),
    words: plain([row.id.slice(4), ...[...row.querySelectorAll(".vd-row-title, .vd-statement")]
      .map((part) => part.textContent)].join(" ").replace(/\s+/g, " ")),
  }));

  const nothing = document.createElement("div");
  nothing.className = "vd-nothing";
  nothing.hidden = true;
  nothing.innerHTML = '<p>No claim matches all of these filters.</p><button type="button">Show all claims</button>';
  (sections[0] || form).before(nothing);

  /* The address. A fragment with an equals sign holds the filters; any other is a place on the page. */
  const stateOf = (fragment) => {
    const given = new URLSearchParams(fragment.includes("=") ? fragment.replace(/^#/, "") : "");
    return Object.fromEntries(fields.map((field) => [field.name, (given.get(field.name) || "").trim()]));
  };
  const fragmentOf = (state) => {
    const set = Object.entries(state).filter(([, value]) => value);
    return set.length ? "#" + new URLSearchParams(set) : "";
  };
  const stateOfForm = () => Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));

  const fill = (state) => {
    for (const field of fields) {
      field.value = state[field.name];
      if (field.value !== state[field.name]) field.value = ""; // a shared address may name what is gone
    }
  };

  const matches = (claim, state, words) =>
    Object.entries(state).every(([name, value]) => name === "words" || !value || claim.values[name].includes(value)) &&
    words.every((word) => claim.words.includes(word));

  const show = (state) => {
    const words = plain(state.words).split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const claim of claims) {
      claim.row.hidden = !matches(claim, state, words);
      if (!claim.row.hidden) shown.add(claim.name);
    }
    for (const section of sections) section.hidden = !section.querySelector("tr[id^='row-']:not([hidden])");
    for (const picture of pictures) {
      let own = 0;
      for (const link of picture.querySelectorAll("a[data-name]")) {
        const match = shown.has(link.dataset.name);
        link.classList.toggle("vd-dim", !match);
        if (match && !link.querySelector(".vd-foreign")) own += 1;
      }
      picture.hidden = own === 0;
    }
    const filtered = Object.values(state).some(Boolean);
    nothing.hidden = shown.size > 0;
    reset.disabled = !filtered;
    unfold.disabled = shown.size === 0;
    count.textContent = filtered
      ? `${shown.size.toLocaleString("en-GB")} of ${claims.length.toLocaleString("en-GB")} claims shown.`
      : `${claims.length.toLocaleString("en-GB")} claims.`;
  };

  const address = (state) => location.pathname + location.search + fragmentOf(state);
  const choose = () => {
    const state = stateOfForm();
    if (fragmentOf(state) !== fragmentOf(stateOf(location.hash))) history.pushState(null, "", address(state));
    show(state);
  };

  let typing = 0; // a word is one step of the Back button, not each letter
  form.addEventListener("input", (event) => {
    if (event.target.name !== "words") return;
    if (typing) history.replaceState(null, "", address(stateOfForm()));
    else history.pushState(null, "", address(stateOfForm()));
    clearTimeout(typing);
    typing = setTimeout(() => { typing = 0; }, 1500);
    show(stateOfForm());
  });
  form.addEventListener("change", (event) => { if (event.target.name !== "words") choose(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); choose(); });
  const clear = () => {
    fill(stateOf(""));
    choose();
    fields[0].focus();
  };
  reset.addEventListener("click", clear);
  nothing.querySelector("button").addEventListener("click", clear);

  const follow = () => {
    const place = location.hash.length > 1 && !location.hash.includes("=")
      ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (place && !place.closest("[hidden]")) return; // a place on the page: the filters stay as they are
    const state = stateOf(location.hash);
    fill(state);
    show(stateOfForm());
    if (place) place.scrollIntoView();
  };
  addEventListener("popstate", follow); // also when a link within the page is followed

  /* Statements. Their formulas wait until a statement is open and near the window. */
  const ready = () => (window.MathJax && MathJax.startup && MathJax.startup.promise) || Promise.resolve();
  const typeset = (statement) => {
    const waiting = [...statement.querySelectorAll(".vd-tex")];
    if (!waiting.length) return;
    for (const formula of waiting) formula.className = "math notranslate nohighlight";
    ready().then(() => window.MathJax && MathJax.typesetPromise && MathJax.typesetPromise(waiting));
  };
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        near.unobserve(entry.target);
        typeset(entry.target);
      }
    }
  }, { rootMargin: "400px" });
  const statements = [...document.querySelectorAll("details.vd-statement")];
  for (const statement of statements) {
    statement.addEventListener("toggle", () => { if (statement.open) near.observe(statement); });
  }
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    unfold.textContent = open ? "Fold the statements" : "Unfold the statements";
    for (const statement of statements) statement.open = open;
  });

  for (const mark of document.querySelectorAll(".vd-ledger a.vd-square")) mark.title = mark.getAttribute("aria-label");
  form.hidden = false;
  fill(stateOf(location.hash));
  show(stateOfForm());
})();
