// A run's progress as it happens.
const section = document.querySelector("[data-events]");
if (section) {
  const stage = section.querySelector("[data-stage]");
  const bar = section.querySelector("[data-progress]");
  const status = document.querySelector("[data-status]");
  const events = new EventSource(section.dataset.events);
  let said = "";
  events.addEventListener("beat", (e) => {
    const b = JSON.parse(e.data);
    status.textContent = b.status;
    if (b.stage && b.stage !== said) stage.textContent = said = b.stage;
    if (b.total > 0) {
      bar.max = b.total;
      bar.value = Math.min(b.done, b.total);
    } else {
      bar.removeAttribute("value");
    }
    for (const s of b.steps ?? []) {
      const li = section.querySelector(`[data-step="${CSS.escape(s.Name)}"]`);
      if (!li) continue;
      li.className = s.State;
      li.querySelector("[data-state]").textContent = s.State;
    }
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
  events.addEventListener("error", () => { stage.textContent = "The connection was lost. The run goes on; trying again."; said = ""; });
}

// A draft that stays open says when it has moved on.
const head = document.querySelector("[data-draft]");
if (head) {
  let told = false;
  const look = async () => {
    if (document.hidden || told) return;
    try {
      const answer = await fetch("/drafts/" + encodeURIComponent(head.dataset.draft) + "/newest");
      if (!answer.ok) return;
      const now = await answer.json();
      if (String(now.revision) === head.dataset.revision && now.state === head.dataset.state) return;
      told = true;
      const note = document.createElement("p");
      note.className = "changed-now";
      note.setAttribute("role", "status");
      const link = document.createElement("a");
      link.href = location.pathname;
      link.textContent = "Look again";
      note.append("This draft has changed since you opened it. ", link);
      document.body.append(note);
    } catch { /* offline: the next look tells */ }
  };
  setInterval(look, 10_000);
  addEventListener("visibilitychange", look);
}
