// What the theme leaves out for readers with a keyboard or a screen reader.
(() => {
  const WIDE = "pre, .vd-scroll, .vd-picture, div.math, .vd-graph-scroll, .cell_output, .pst-scrollable-table-container";

  function name(region) {
    if (region.matches("pre")) return "Code";
    if (region.matches(".vd-picture")) return "Picture";
    return region.matches("div.math") ? "Formula" : "Table";
  }

  // A region that scrolls sideways takes the keyboard's focus, and only as long as it does scroll.
  function scrollable() {
    for (const region of document.querySelectorAll(WIDE)) {
      const style = getComputedStyle(region);
      const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY)
        && (region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight);
      if (scrolls === (region.tabIndex === 0)) continue;
      if (scrolls) {
        region.tabIndex = 0;
        region.setAttribute("role", "group");
        if (!region.hasAttribute("aria-label")) region.setAttribute("aria-label", `${name(region)}, scrolls`);
      } else if (region.dataset.scrolls) {
        region.removeAttribute("tabindex");
        region.removeAttribute("role");
        region.removeAttribute("aria-label");
      }
      region.dataset.scrolls = scrolls ? "yes" : "";
    }
  }

  // The sidebars are landmarks with a name, and the search button is called what it shows.
  function landmarks() {
    const places = { "pst-primary-sidebar": "Book", "pst-secondary-sidebar": "This page" };
    for (const [id, label] of Object.entries(places)) {
      const place = document.getElementById(id);
      if (place) { place.setAttribute("role", "complementary"); place.setAttribute("aria-label", label); }
    }
    for (const button of document.querySelectorAll(".search-button-field")) button.removeAttribute("aria-label");
    for (const toggle of document.querySelectorAll(".sidebar-toggle"))
      toggle.setAttribute("aria-label", toggle.matches(".primary-toggle") ? "Contents of the book" : "Contents of this page");
  }

  function mend() {
    landmarks();
    scrollable();
    let waiting;
    addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(scrollable, 100); });
    document.addEventListener("toggle", scrollable, true);
    if (window.mathematicsDrawn) window.mathematicsDrawn.then(scrollable);
  }
  if (document.readyState === "complete") mend(); else addEventListener("load", mend);
})();
