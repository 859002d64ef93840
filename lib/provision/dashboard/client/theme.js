/** Light or dark: what the system says, until the operator says otherwise. Runs before the page is drawn. */
(() => {
  const KEY = "espline-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function show() {
    const chosen = localStorage.getItem(KEY);
    const theme = chosen ?? (system.matches ? "dark" : "light");
    root.dataset.theme = theme;
    const button = document.querySelector("#theme");
    if (button !== null) {
      button.textContent = `Dark: ${theme === "dark" ? "on" : "off"}`;
    }
  }

  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("#theme")?.addEventListener("click", () => {
      const next = root.dataset.theme === "dark" ? "light" : "dark";
      localStorage.setItem(KEY, next);
      show();
    });
    show();
  });
  show();
})();
