"""How a reader uses a simulation in a page: what stands where, and what is pressed."""

READY = "#simulation.vd-sim-ready"
MODEL = "document.getElementById('simulation').simulation.model"
STEP = f"{MODEL}.step"
POINTS = f"Array.from({MODEL}.cloud('particles'))"
PARTICLES = "canvas[aria-label='Points of the particles']"


def press(page, name):
    page.locator(READY).get_by_role("button", name=name, exact=True).click()


def told(page):
    return page.inner_text(".vd-sim-status")


def run_until(page, step, timeout=60_000):
    press(page, "Run")
    page.wait_for_function(f"{STEP} >= {step}", timeout=timeout)
    press(page, "Pause")


def spot(page, index, side="particles"):
    """Where a point is drawn, in pixels of the window."""
    page.locator(f"canvas[aria-label^='Points of the {side}']").scroll_into_view_if_needed()
    return page.evaluate(
        """([side, index]) => {
          const canvas = document.querySelector(`canvas[aria-label^="Points of the ${side}"]`);
          const box = canvas.getBoundingClientRect();
          const cloud = document.getElementById("simulation").simulation.model.cloud(side);
          const reach = verifiedDynamics.modularAddition.draw.reachOf(cloud);
          const [x, y] = verifiedDynamics.modularAddition.draw.frameOf(canvas.clientWidth, canvas.clientHeight, reach)
            .at(cloud[2 * index], cloud[2 * index + 1]);
          return [box.left + x, box.top + y];
        }""",
        [side, index],
    )


def settle(page):
    """Until what is drawn has the scale that belongs to the points."""
    page.evaluate("""async () => { for (let i = 0; i < 90; i++) {
      document.getElementById("simulation").simulation.redraw(); await new Promise(requestAnimationFrame); } }""")
