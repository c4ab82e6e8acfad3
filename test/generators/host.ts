import { readFileSync } from "node:fs";
import path from "node:path";
import { Program } from "../durable-extension/processes.ts";

export interface Host {
  readonly url: string;
  /** The function key, without which the host answers 401. */
  readonly key: string;
  stop(): Promise<void>;
}

/** The app on a free port with an empty home, asking for keys as Azure does. */
export async function startHost(scratch: string): Promise<Host> {
  const home = path.join(scratch, "home");
  const args = ["src/start.ts", "--port", "0", "--home", home, "--enable-auth"];
  const app = new Program(process.execPath, args, { LIGHTNING_DATA_DIR: path.join(home, "data") });
  await app.start("Reviewers and operators");
  const url = /Listening on (http:\/\/[^\s,]+)/.exec(app.output)?.[1];
  if (url === undefined) throw new Error(`The host told no address:\n${app.output}`);
  const keys = JSON.parse(readFileSync(path.join(home, "host/keys.json"), "utf8")) as { function: string };
  return { url, key: keys.function, stop: () => app.end() };
}
