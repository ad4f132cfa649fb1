// The chosen theme before the first paint; the system's own where none was chosen.
(() => {
  try {
    const chosen = localStorage.getItem("hepaxis-theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch { /* storage may be switched off */ }
})();
