import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "./checks-sdk.ts";
import { type Consumer, writeReadmeFiles } from "./consumer.ts";
import { withServer } from "./run.ts";

const SENTENCE =
  /lightning-host needs Node\.js 22\.20 or newer, and this is 20\.\d+\.\d+: install Node\.js 24/;

/** On a Node that is too old: one sentence from the command and from the import. */
export async function checkTooOld(consumer: Consumer): Promise<void> {
  const { code, out, err } = await consumer.command("npx", ["--no-install", "lightning-host", "."]);
  expect(
    code === 1 && out === "" && SENTENCE.test(err) && err.trim().split("\n").length === 1,
    `lightning-host said: ${err}${out}`,
  );
  const imported = await consumer.command(consumer.node, [
    "--input-type=module",
    "-e",
    'await import("lightning-host")',
  ]);
  expect(
    imported.code !== 0 && SENTENCE.test(imported.err),
    `import("lightning-host") said: ${imported.err}`,
  );
}

/** The README's app in CommonJS and one in TypeScript, served by the command; the README's tests as they stand there. */
export async function checkHost(consumer: Consumer): Promise<void> {
  const { command, folder } = consumer;
  const app = path.join(folder, "app");
  mkdirSync(app);
  writeFileSync(
    path.join(app, "package.json"),
    '{ "name": "orders", "private": true, "main": "functions/*.js" }',
  );
  cpSync(path.join(folder, "app-ts/host.json"), path.join(app, "host.json"));
  writeReadmeFiles("lightning-host", app);

  await serves(consumer, app, async (url) => {
    const placed = await post(`${url}/api/orders/7`);
    await post(placed.sendEventPostUri.replace("{eventName}", "paid"), "true");
    return { placed, output: "order 7: paid" };
  });
  await serves(consumer, path.join(folder, "app-ts"), async (url) => ({
    placed: await post(`${url}/api/orders/Ada`),
    output: "Hello Ada",
  }));

  const tests = await command(consumer.node, ["--test", "test/order.test.mjs"], { cwd: app });
  expect(
    tests.code === 0 && /pass 3/.test(tests.out),
    `node --test failed on ${consumer.version}: ${tests.err}${tests.out}`,
  );
  const required = 'console.log(typeof require("lightning-host").LocalHost.start)';
  const cjs = await command(consumer.node, ["-e", required]);
  expect(cjs.out.trim() === "function", `require("lightning-host") failed: ${cjs.err}`);
  if (consumer.major !== 24) return;
  const env = { NODE_OPTIONS: "--experimental-vm-modules" };
  const jest = await command("npx", ["--no-install", "jest"], { cwd: app, env });
  expect(jest.code === 0 && /Tests: +1 passed/.test(jest.err), `jest failed: ${jest.err}${jest.out}`);
}

interface Placed {
  readonly sendEventPostUri: string;
  readonly statusQueryGetUri: string;
}

async function post(url: string, body = ""): Promise<Placed> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(response.ok, `POST ${url} answered ${response.status}.`);
  const text = await response.text();
  return (text === "" ? {} : JSON.parse(text)) as Placed;
}

/** `npx lightning-host .` in the app's folder, until the orchestration that was started has its output. */
async function serves(
  consumer: Consumer,
  app: string,
  start: (url: string) => Promise<{ placed: Placed; output: string }>,
): Promise<void> {
  const options = { cwd: app, env: consumer.env };
  await withServer("npx", ["--no-install", "lightning-host", ".", "--port", "0"], options, async (url) => {
    const { placed, output } = await start(url);
    for (let look = 0; look < 100; look++) {
      const status = (await (await fetch(placed.statusQueryGetUri)).json()) as { output: unknown };
      if (status.output === output) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${app}: the orchestration did not answer "${output}" on Node ${consumer.version}.`);
  });
}
