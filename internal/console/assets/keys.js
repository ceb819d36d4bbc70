// Single keys for lists. They can be switched off (WCAG 2.1.4), and do nothing
// while somebody types.
const store = {
  get on() {
    try { return localStorage.getItem("keys") !== "off"; } catch { return true; }
  },
  set on(v) {
    try { localStorage.setItem("keys", v ? "on" : "off"); } catch { /* private window: for this page only */ }
  },
};

const dialog = document.getElementById("keys");
const box = document.getElementById("keys-on");
let on = store.on;
if (box) {
  box.checked = on;
  box.addEventListener("change", () => { on = store.on = box.checked; });
}

const rows = () => [...document.querySelectorAll("tr[data-row]:not([hidden]) th a")].filter((a) => a.offsetParent);

addEventListener("keydown", (e) => {
  if (!on || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
  if (e.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
  if (e.key === "?" && dialog) {
    e.preventDefault();
    dialog.showModal();
    return;
  }
  if (e.key !== "j" && e.key !== "k") return;
  const list = rows();
  if (!list.length) return;
  const at = list.indexOf(document.activeElement);
  const next = e.key === "j" ? Math.min(at + 1, list.length - 1) : Math.max(at - 1, 0);
  list[next].focus();
  list[next].scrollIntoView({ block: "nearest" });
  e.preventDefault();
});
