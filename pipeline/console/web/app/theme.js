// Dark and light: as the machine says, unless somebody chose.

export const theme = () => localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
export function wear(wanted) {
  if (wanted) localStorage.setItem("theme", wanted);
  document.documentElement.dataset.theme = theme();
}
