// What the server cannot do: read a slider aloud, switch a group of claims, arrive where a finished job leads.
const factor = (log) => {
  const value = 10 ** Number(log);
  return "×" + (value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2));
};

const tell = (slider) => {
  const text = factor(slider.value);
  slider.setAttribute("aria-valuetext", text + " what the sample implies");
  const output = document.querySelector(`output[for="${slider.id}"]`);
  if (output) output.textContent = text;
};

const groupState = (box) => {
  const own = [...document.querySelectorAll(`[data-of="${box.dataset.group}"]`)];
  const on = own.filter((one) => one.checked).length;
  box.checked = on > 0;
  box.indeterminate = on > 0 && on < own.length;
};

document.addEventListener("input", (event) => {
  const from = event.target;
  if (from.matches("[data-log]")) tell(from);
  if (from.matches("[data-group]")) {
    for (const one of document.querySelectorAll(`[data-of="${from.dataset.group}"]`)) one.checked = from.checked;
  }
  if (from.matches("[data-of]")) groupState(document.querySelector(`[data-group="${from.dataset.of}"]`));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-theme-toggle]")) {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("hepaxis-theme", root.dataset.theme); } catch { /* not kept */ }
  }
  if (button.matches("[data-reset]")) {
    setTimeout(() => {
      for (const slider of document.querySelectorAll("[data-log]")) { slider.value = 0; tell(slider); }
      button.form.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
});

document.addEventListener("htmx:load", () => {
  for (const slider of document.querySelectorAll("[data-log]")) tell(slider);
  const arrive = document.querySelector("[data-arrive]");
  if (arrive) {
    const done = arrive.dataset.arrive === "done";
    arrive.closest(".job")?.querySelector("form")?.remove();
    if (done || arrive.dataset.arrive === "failed") location.assign(arrive.href);
  }
});
