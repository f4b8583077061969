"""MathJax from the book itself, so that a page needs no network: the components that the book uses, in one packed file.

A page from disk is not compressed by any server, and MathJax is its heaviest part. So the components are kept
deflated, and the browser inflates them: 0.22 MB instead of 0.78. A browser that cannot takes the plain file.
"""

import base64
import json
import shutil
import zlib
from importlib.util import find_spec
from pathlib import Path
from string import Template

__all__ = ["BUNDLE", "copy_files"]

BUNDLE = "mathjax/packed.js"
_PLAIN = "mathjax/plain.js"
_FONTS = "mathjax/output/chtml/fonts/woff-v2"
_CARRIER = "sphinx-mathjax-offline"  # the package's import name has these hyphens
_COMPONENTS = (
    "core",
    "input/tex-base",
    "[tex]/ams",
    "[tex]/boldsymbol",
    "[tex]/configmacros",
    "[tex]/newcommand",
    "[tex]/noundefined",
    "[tex]/textmacros",
    "output/chtml",
    "output/chtml/fonts/tex",
    "a11y/assistive-mml",
)
_PACKAGES = ("base", "ams", "boldsymbol", "configmacros", "newcommand", "noundefined", "textmacros")

# The loader asks for each component by address and gets the function that holds it. Whoever waits for
# MathJax.startup.promise before the components run waits for the same thing as afterwards.
_PLAIN_TEXT = Template(
    """(() => {
  const parts = {$parts};
  const settings = window.MathJax;
  settings.loader = {
    load: $components, paths: { mathjax: "" }, require: address => parts[address.replace(/^\\//, "")](),
  };
  settings.tex = Object.assign({ packages: $packages }, settings.tex);
  settings.startup = { ready() {
    MathJax.startup.defaultReady();
    MathJax.startup.promise.then(window.mathematicsDrawn.now);
  } };
  $startup
})();
"""
)
_PACKED_TEXT = Template(
    """(() => {
  const folder = document.currentScript.src.replace(/[^\\/]*$$/, "");
  let now;
  window.mathematicsDrawn = new Promise(resolve => { now = resolve; });
  window.mathematicsDrawn.now = now;
  const settings = window.MathJax = window.MathJax || {};
  settings.startup = { promise: window.mathematicsDrawn };
  settings.chtml = Object.assign({ fontURL: folder + "output/chtml/fonts/woff-v2" }, settings.chtml);
  const run = script => { script.id = "MathJax-script"; document.head.append(script); };
  const script = document.createElement("script");
  if (!window.DecompressionStream) { script.src = folder + "plain.js"; run(script); return; }
  const bytes = Uint8Array.from(atob("$packed"), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  new Response(stream).text().then(text => { script.textContent = text; run(script); });
})();
"""
)


def copy_files(static: Path) -> None:
    """Write the components, packed and plain, and copy the fonts below the site's `_static`, unless they are there."""
    source = Path(find_spec(_CARRIER).origin).parent / "static"
    plain = _plain(source / "mathjax")
    _write(static / _PLAIN, plain)
    _write(static / BUNDLE, _packed(plain))
    for font in sorted((source / _FONTS).iterdir()):
        target = static / font.relative_to(source)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(font, target)


def _plain(folder: Path) -> str:
    """One script that holds every component as a function and starts MathJax with them."""
    files = [name.replace("[tex]", "input/tex/extensions") + ".js" for name in _COMPONENTS]
    parts = ",\n".join(
        f"{json.dumps(file)}() {{\n{(folder / file).read_text(encoding='utf-8')}\n}}" for file in files
    )
    return _PLAIN_TEXT.substitute(
        parts=parts,
        components=json.dumps(_COMPONENTS),
        packages=json.dumps(_PACKAGES),
        startup=(folder / "startup.js").read_text(encoding="utf-8"),
    )


def _packed(plain: str) -> str:
    """The same script, deflated, with the few lines that inflate it."""
    return _PACKED_TEXT.substitute(packed=base64.b64encode(zlib.compress(plain.encode(), 9)).decode())


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
