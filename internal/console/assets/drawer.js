// The evidence drawer: a quote's record opens beside the text.
const box = document.querySelector("[data-evidence]");

const make = (tag, set, ...children) => {
  const el = Object.assign(document.createElement(tag), set);
  el.append(...children);
  return el;
};

let drawer;
const open = (source, address) => {
  drawer?.remove();
  drawer = make("dialog", { className: "drawer" });
  drawer.setAttribute("aria-labelledby", "h-drawer");
  const close = make("button", { type: "button", className: "plainbutton", textContent: "Close" });
  close.addEventListener("click", () => drawer.close());
  const text = make("p", { className: "text" });
  const part = make("bdi", {});
  part.append(source.before);
  let mark;
  if (source.quote) part.append((mark = make("mark", { textContent: source.quote })));
  part.append(source.after);
  text.append(part);
  drawer.append(
    make("h2", { id: "h-drawer", textContent: "Record " + source.record }),
    make("p", { className: "sub", textContent: [source.place, source.when].filter(Boolean).join(", ") }),
    make("blockquote", { className: "source" }, text),
  );
  if (source.facts?.length) drawer.append(make("ul", { className: "facts-line" }, ...source.facts.map((f) => make("li", { textContent: f }))));
  if (source.themes?.length) drawer.append(make("p", { className: "sub", textContent: "Counted or mentioned in: " + source.themes.join(", ") }));
  if (source.masked) drawer.append(make("p", { className: "sub", textContent: "Personal data in it is masked." }));
  drawer.append(make("p", { className: "buttons" }, close, make("a", { href: address, textContent: "Open as a page" })));
  document.body.append(drawer);
  drawer.addEventListener("click", (e) => { if (e.target === drawer) drawer.close(); });
  drawer.showModal();
  mark?.scrollIntoView({ block: "nearest" });
};

box?.addEventListener("click", async (e) => {
  const link = e.target.closest("a[href]");
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
  const href = link.getAttribute("href");
  let address;
  if (href.startsWith("#record-")) address = box.dataset.evidence + encodeURIComponent(href.slice(8)) + "?rev=" + box.dataset.rev;
  else if (href.startsWith(box.dataset.evidence)) address = href;
  else return;
  e.preventDefault();
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    open(await answer.json(), address);
  } catch {
    location.href = address; // the page says what is wrong
  }
});
