import type { Environment } from "./app-settings.ts";
import type { HostConfig } from "./host-config.ts";

/** Puts settings into the process's environment; returns how to put back what was there. */
export function setEnvironment(config: HostConfig, env: Environment, port: number): () => void {
  const before = new Map<string, string | undefined>();
  const set = (name: string, value: string | undefined) => {
    if (!before.has(name)) before.set(name, process.env[name]);
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(config.values))
    if (process.env[name] === undefined && !(name in env)) set(name, value);
  for (const [name, value] of Object.entries(env)) set(name, value);
  // durable-functions points every URL at localhost:7071 when this is not set.
  set("WEBSITE_HOSTNAME", `localhost:${port}`);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
