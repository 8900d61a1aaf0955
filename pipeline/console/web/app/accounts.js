// Who may come in, and what they may.

import { get, me, path, post, put as change, remove } from "./api.js";
import { el, put } from "./dom.js";
import { t } from "./i18n.js";
import { room } from "./live.js";
import { attempt, question } from "./notices.js";

const roles = () => ["viewer", "operator", "commander", "administrator"].map((role) => [role, t(`role.${role}`)]);

/** What an account may see: sites by their boxes, cameras by their names; nothing said means all. */
const rights = (user) => [
  { name: "sites", label: t("accounts.sites-what"), boxes: [...new Set([...room.sites.keys(), ...(user?.sites ?? [])])].map((id) => [id, room.sites.get(id)?.name ?? id]), value: user?.sites ?? [] },
  { name: "cameras", label: t("accounts.cameras-what"), value: user?.cameras?.join(", ") ?? "", optional: true },
];
const withRights = ({ sites, cameras, ...rest }) => {
  const named = cameras.split(/[\s,，、]+/).filter(Boolean);
  return { ...rest, sites: sites.length ? sites : null, cameras: named.length ? named : null };
};

export function accounts(page) {
  const draw = async () => {
    const found = await attempt(() => get("users"));
    if (!found || page.dataset.screen !== "accounts") return;
    const users = Array.isArray(found) ? found : (found.users ?? []);
    const add = async () => {
      const answer = await question(t("accounts.add"), [{ name: "user", label: t("login.user") }, { name: "name", label: t("accounts.name") }, { name: "role", label: t("accounts.role"), options: roles() }, { name: "password", label: t("login.password"), type: "password" }, ...rights()], t("accounts.add"));
      if (answer) { await attempt(() => post("users", withRights(answer)), t("done")); draw(); }
    };
    const edit = async (user) => {
      const answer = await question(t("accounts.change"), [{ name: "name", label: t("accounts.name"), value: user.name }, { name: "role", label: t("accounts.role"), options: roles(), value: user.role }, { name: "password", label: t("accounts.password"), type: "password", optional: true }, ...rights(user)], t("accounts.change"));
      if (answer) { if (!answer.password) delete answer.password; await attempt(() => change(`users/${path(user.user)}`, withRights(answer)), t("done")); draw(); }
    };
    const drop = async (user) => {
      if (await question(t("accounts.remove-ask", { user: user.user }), [], t("accounts.remove"), true)) { await attempt(() => remove(`users/${path(user.user)}`), t("done")); draw(); }
    };
    put(page, el("div", { class: "head" }, el("h1", {}, t("screen.accounts")), el("button", { class: "primary", on: { click: add } }, t("accounts.add"))),
      el("section", { class: "panel scroll", tabindex: 0 }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, t("login.user")), el("th", {}, t("accounts.name")), el("th", {}, t("accounts.role")), el("th", {}, t("accounts.sites")), el("th", {}, t("accounts.cameras")), el("th", {}, t("accounts.actions")))),
        el("tbody", {}, users.map((user) => el("tr", {}, el("td", {}, user.user), el("td", {}, user.name), el("td", {}, t(`role.${user.role}`)), el("td", {}, user.sites?.join(", ") ?? t("accounts.all")), el("td", {}, user.cameras?.join(", ") ?? t("accounts.all")),
          el("td", {}, el("div", { class: "row" }, el("button", { on: { click: () => edit(user) } }, t("accounts.change")), user.user === me.user ? null : el("button", { on: { click: () => drop(user) } }, t("accounts.remove"))))))))));
  };
  draw();
  return () => {};
}
