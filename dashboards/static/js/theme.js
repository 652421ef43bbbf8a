// The button that changes colours. The choice is a cookie, so that the server prints it into the
// page and nothing flashes; a choice equal to the system's own is forgotten again.

const button = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
}

function choose(dark) {
  const theme = dark === system.matches ? "" : dark ? "dark" : "light";
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const seconds = theme ? 31536000 : 0;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `sanaq_theme=${theme}; Path=/; Max-Age=${seconds}; SameSite=Lax${secure}`;
  tell();
}

function tell() {
  button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  document.dispatchEvent(new Event("sanaq:theme"));
}

button.hidden = false;
button.addEventListener("click", () => choose(!isDark()));
system.addEventListener("change", tell);
tell();
