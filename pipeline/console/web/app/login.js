// Who are you?

import { me, post } from "./api.js";
import { el, put } from "./dom.js";
import { current, first, speak, t } from "./i18n.js";
import { wear } from "./theme.js";

async function draw() {
  const user = el("input", { name: "user", autocomplete: "username", required: true, autofocus: true });
  const password = el("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const problem = el("p", { class: "problem", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await post("login", { user: user.value, password: password.value });
      location.href = "/";
    } catch (error) {
      problem.textContent = error.message;
      password.select();
    }
  };
  document.title = t("login.title");
  put(
    document.getElementById("page"),
    el("form", { class: "login", on: { submit } },
      el("h1", {}, el("img", { src: "/style/icon.svg", alt: "", width: 36, height: 36 }), t("app.name")),
      el("p", { class: "quiet" }, t("login.why")),
      el("label", {}, t("login.user"), user),
      el("label", {}, t("login.password"), password),
      problem,
      el("button", { class: "primary big", type: "submit" }, t("login.enter")),
      el("button", { type: "button", class: "plain", on: { click: async () => { await speak(current() === "zh" ? "en" : "zh"); draw(); } } }, t("language.other")),
    ),
  );
  user.focus();
}

me.csrf_token = "";
wear();
await speak(first());
await draw();
