// The programs under test, each at a free port with a folder of its own, ended with the tests.

import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const built = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;
/** The pages as they stand in the tree: whoever writes them need not build. */
const pages = new URL("../../pipeline/console/web", import.meta.url).pathname;
const PATIENCE_MS = 60_000;
/** What is still running; a test that breaks off must leave nothing behind. */
const running = new Set();
process.on("exit", () => { for (const child of running) child.kill("SIGKILL"); });

/** A port of loopback on which nobody listens. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program that serves pages, and waits until it does; its pages, what it said, and how to end it. */
async function serve(program, argumentsFor) {
  const folder = mkdtempSync(join(tmpdir(), "throng-served-"));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(join(built, "release", program), await argumentsFor(address, folder), { env: { ...process.env, TMPDIR: folder }, stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  const server = { url: `http://${address}`, folder, said: "", stop: null };
  child.stderr.on("data", (text) => { server.said += text; });
  let failure = null;
  child.on("error", (error) => { failure = error; });
  const ended = new Promise((resolve) => child.on("close", (code) => { running.delete(child); failure ??= new Error(`${program} ended with ${code}: ${server.said}`); resolve(); }));
  server.stop = async () => {
    child.kill("SIGTERM");
    const stuck = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(stuck);
    rmSync(folder, { recursive: true, force: true });
  };
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    if (failure) throw failure;
    try {
      await fetch(server.url);
      return server;
    } catch (error) {
      if (Date.now() > until) throw new Error(`${program} serves nothing: ${server.said}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A room in which everything happens every few minutes: `pipeline/console/examples/simulated_room`. */
export const simulatedRoom = () => serve("examples/simulated_room", (address) => [address, pages]);

/** A picture that a camera can give, and a counter that costs nothing. */
const STILL = new URL("../../deploy/pictures/wall.jpg", import.meta.url).pathname;
const COUNTER = new URL("../../models/tests/fixtures/brightness.toml", import.meta.url).pathname;

/** The real program with a site of one camera, whose picture is 40 m wide; `more` of its site file is what is watched there. */
export const site = (more) => serve("throng", async (address, folder) => {
  mkdirSync(join(folder, "stills"));
  copyFileSync(STILL, join(folder, "stills", "1.jpg"));
  const file = join(folder, "site.toml");
  writeFileSync(file, `[site]
id = "yard"

[model]
card = "${COUNTER}"
device = "cpu"

[bus]
listen = ["tcp/127.0.0.1:${await freePort()}"]

[[camera]]
id = "mast"
uri = "stills"
stream.loop = true
watch.off = ["frozen", "looped", "covered", "defocused", "moved", "veiled"]
[camera.uncalibrated]
ground_width_m = 40

${more}`);
  return ["run", file, "--console", address, "--console-data", join(folder, "console")];
});

/** The real program: a simulated crowd, filmed and counted, before a gate that closes. */
export const demonstration = () => serve("throng", async (address, folder) =>
  ["demo", "--part", "gate", "--headless", "--console", address, "--output", folder, "--meeting-port", String(await freePort())]);
