import "./look.js";
import "./keys.js";
import "./drawer.js";
import "./live.js";
import "./themes.js";

document.documentElement.classList.add("js");

// A form that was sent says so and is not sent twice.
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (e) => {
    if (form.getAttribute("aria-busy") === "true") {
      e.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    const button = e.submitter;
    if (button) {
      button.dataset.was = button.textContent;
      button.textContent = "Working…";
    }
  });
}
// A page that comes back from the browser's memory is ready again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll('form[aria-busy="true"]')) {
    form.removeAttribute("aria-busy");
    for (const b of form.querySelectorAll("button[data-was]")) b.textContent = b.dataset.was;
  }
});
