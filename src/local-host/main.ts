import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { messageOf } from "../kernel/errors.ts";
import { serve } from "./serve.ts";

const HELP = `Runs an Azure Functions app (Node.js, v4 programming model) on this machine, without Core Tools.

Usage: lightning-host <folder> [options]

  --port <number>       port on loopback, 0 for any free one (default: local.settings.json, else 7071)
  --home <folder>       where orchestrations, keys and positions are kept (default .lightning in the app's folder)
  --enable-auth         ask for function keys, as Azure does
  --allow-host <name>   also serve requests for this host name (repeatable)
  --built               load the build package.json names, not its TypeScript sources
  --verbose             one line for each invocation
  --watch               start anew when a source changes; orchestrations go on where they were
  --help                this text`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string" },
      home: { type: "string" },
      "enable-auth": { type: "boolean" },
      "allow-host": { type: "string", multiple: true },
      built: { type: "boolean" },
      verbose: { type: "boolean" },
      watch: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) console.log(HELP);
  else if (values.watch) watch();
  else {
    const folder = positionals[0] ?? ".";
    const { port } = values;
    if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535))
      throw new Error(`--port ${port} is not a port.`);
    await serve({
      folder,
      home: values.home ?? `${folder}/.lightning`,
      port: port === undefined ? undefined : Number(port),
      fallbackPort: 7071,
      enableAuth: values["enable-auth"],
      allowedHosts: values["allow-host"],
      built: values.built,
      verbose: values.verbose,
    });
  }
} catch (thrown) {
  console.error(messageOf(thrown));
  const remedy = (thrown as { remedy?: string }).remedy;
  if (remedy !== undefined) console.error(remedy);
  process.exit(1);
}

/** The same command under Node's own watcher, which ends it in good order and starts it again. */
function watch(): void {
  const args = process.argv.slice(2).filter((arg) => arg !== "--watch");
  const main = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ["--watch", "--watch-preserve-output", main, ...args], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 0));
}
