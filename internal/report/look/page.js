"use strict";
(() => {
  const make = (tag, set) => Object.assign(document.createElement(tag), set);

  // Sort: a heading becomes a button; the order of the file comes back on the third press.
  for (const table of document.querySelectorAll("table[data-sort]")) {
    const body = table.tBodies[0];
    const first = [...body.rows];
    for (const th of table.querySelectorAll("th[data-key]")) {
      const button = make("button", { type: "button", textContent: th.textContent });
      th.replaceChildren(button);
      button.addEventListener("click", () => {
        const next = { descending: "ascending", ascending: "" }[th.getAttribute("aria-sort")] ?? "descending";
        table.querySelectorAll("th").forEach((h) => h.removeAttribute("aria-sort"));
        if (next) th.setAttribute("aria-sort", next);
        const value = (row) => Number(row.cells[th.cellIndex].dataset.value);
        const sign = next === "ascending" ? 1 : -1;
        const rows = next ? [...first].sort((a, b) => sign * (value(a) - value(b))) : first;
        body.append(...rows);
      });
    }
  }

  // Filter: one field for all tables of a kind.
  const kinds = {};
  for (const table of document.querySelectorAll("table[data-filter]")) (kinds[table.dataset.filter] ??= []).push(table);
  for (const [kind, tables] of Object.entries(kinds)) {
    const rows = tables.flatMap((t) => [...t.tBodies[0].rows]);
    if (rows.length < 12) continue;
    const id = "find-" + kind;
    const box = make("div", { className: "find" });
    const field = make("input", { type: "search", id, autocomplete: "off" });
    const told = make("output", {});
    told.setAttribute("for", id);
    box.append(make("label", { htmlFor: id, textContent: "Filter " + kind }), field, told);
    (tables[0].closest(".scroll") ?? tables[0]).before(box);
    field.addEventListener("input", () => {
      const want = field.value.trim().toLocaleLowerCase();
      let n = 0;
      for (const row of rows) {
        row.hidden = want !== "" && !row.textContent.toLocaleLowerCase().includes(want);
        if (!row.hidden) n++;
      }
      for (const t of tables.slice(1)) if (want && t.closest("details")) t.closest("details").open = true;
      told.textContent = want ? n + " of " + rows.length : "";
    });
  }

  // Copy: quotes with their place, and commands.
  if (navigator.clipboard) {
    const offer = (after, text, name) => {
      const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
      button.setAttribute("aria-label", name);
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = "Copied";
        } catch {
          button.textContent = "Not copied";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 1600);
      });
      after.append(button);
    };
    for (const q of document.querySelectorAll("figure.quote")) {
      const said = q.querySelector(".text").textContent.trim();
      const place = q.querySelector("figcaption").textContent.trim();
      offer(q.querySelector("figcaption"), "“" + said + "” (" + place + ")", "Copy the quote from " + place);
    }
    for (const pre of document.querySelectorAll("pre[data-copy]")) offer(pre, pre.textContent, "Copy the command");
  }

  // Print: what is folded opens, and folds again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const d of opened) d.open = true;
  });
  addEventListener("afterprint", () => {
    for (const d of opened) d.open = false;
    opened = [];
  });
})();
