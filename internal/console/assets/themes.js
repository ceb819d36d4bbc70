// Drag a theme onto another to merge the two. The forms below the table do the
// same without a mouse.
const table = document.querySelector("table[data-merge]");
const dialog = document.getElementById("merge");
if (table && dialog) {
  let from = null;
  const label = (row) => row.querySelector("th a").textContent;
  for (const row of table.querySelectorAll("tr[data-theme]")) {
    row.draggable = true;
    row.addEventListener("dragstart", (e) => {
      from = row;
      e.dataTransfer.effectAllowed = "move";
      e.dataTransfer.setData("text/plain", row.dataset.theme);
    });
    row.addEventListener("dragend", () => {
      from = null;
      table.querySelectorAll(".over").forEach((r) => r.classList.remove("over"));
    });
    row.addEventListener("dragover", (e) => {
      if (!from || from === row) return;
      e.preventDefault();
      row.classList.add("over");
    });
    row.addEventListener("dragleave", () => row.classList.remove("over"));
    row.addEventListener("drop", (e) => {
      e.preventDefault();
      row.classList.remove("over");
      if (!from || from === row) return;
      dialog.querySelector("[name=theme]").value = from.dataset.theme;
      dialog.querySelector("[name=into]").value = row.dataset.theme;
      dialog.querySelector("[data-from]").textContent = label(from);
      dialog.querySelector("[data-into]").textContent = label(row);
      dialog.showModal();
    });
  }
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
}
