// Asking the console. Every answer that is no success becomes an error with a sentence for the officer.

import { current, t } from "./i18n.js";
import { said } from "./said.js";

export const me = { user: null, name: null, role: "viewer", csrf_token: null, live_pictures: null };
/** A connection that hangs is no connection. */
const PATIENCE_MS = 15_000;
const ROLES = ["viewer", "operator", "commander", "administrator"];

/** Whether the one who is logged in may do what a role may. */
export const may = (role) => ROLES.indexOf(me.role) >= ROLES.indexOf(role);

/** A path of parts, each escaped. */
export const path = (...parts) => parts.map(encodeURIComponent).join("/");

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, address, body) {
  const headers = { accept: "application/json" };
  if (method !== "GET") headers["x-csrf-token"] = me.csrf_token ?? "";
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/api/v1/${address}`, { method, headers, signal: AbortSignal.timeout(PATIENCE_MS), body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, t("error.unreachable"));
  }
  const is_json = answer.headers.get("content-type")?.includes("json");
  const content = is_json ? await answer.json().catch(() => null) : await answer.text();
  if (answer.status === 401 && address !== "login") {
    location.href = "/login";
  }
  if (!answer.ok) {
    const error = content?.error;
    // What a program gave as its reason stands in the Chinese sentence as it was said.
    throw new Refused(answer.status, error?.[current()]?.replace(error.en, () => said(error.en)) ?? t("error.status", { status: answer.status }));
  }
  return content;
}

export const get = (address) => ask("GET", address);
export const post = (address, body) => ask("POST", address, body);
export const put = (address, body) => ask("PUT", address, body);
export const remove = (address) => ask("DELETE", address);
