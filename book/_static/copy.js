/* Copy buttons of a figure's page. Opened from the file system, a page may have no clipboard of its own: then the text
   is selected and copied the old way, and if that is refused too, it stays selected for the reader's own keys. */
(function () {
  function select(element) {
    var range = document.createRange();
    range.selectNodeContents(element);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  function bySelection(element) {
    select(element);
    try { return document.execCommand("copy"); } catch (error) { return false; }
  }
  document.querySelectorAll("button[data-copies]").forEach(function (button) {
    var source = document.getElementById(button.dataset.copies);
    var status = button.parentElement.querySelector('[role="status"]');
    function tell(done) {
      status.textContent = "";
      window.setTimeout(function () {
        status.textContent = done ? "copied" : "selected: copy it with Ctrl+C or Cmd+C";
      }, 30);
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(source.textContent).then(
          function () { tell(true); },
          function () { tell(bySelection(source)); }
        );
      } else {
        tell(bySelection(source));
      }
    });
  });
})();
