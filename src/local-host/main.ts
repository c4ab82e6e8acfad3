import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { messageOf } from "../kernel/errors.ts";
import { printable } from "../kernel/printable.ts";
import { findEntry, readManifest } from "./core-api/app-files.ts";
import { instancesCommand } from "./instances-command.ts";
import { serve } from "./serve.ts";
import { tellWatcherOfConfig, watch } from "./watch.ts";

const HELP = `Runs an Azure Functions app (Node.js, v4 programming model) on this machine, without Core Tools.

Usage: lightning-host [folder] [options]       (default folder: .)
       lightning-host instances list|terminate|purge …     of a home that no host holds; --help for more

  --port <number>       port on loopback, 0 for any free one (default: local.settings.json, else 7071)
  --home <folder>       where orchestrations, keys and positions are kept (default .lightning in the app's folder)
  --paused              open the home and run nothing: instances can be listed, terminated and purged
  --enable-auth         ask for function keys, as Azure does
  --allow-host <name>   also serve requests for this host name (repeatable)
  --built               load the build package.json names, though its TypeScript sources are newer
  --watch               start anew when a loaded file changes; orchestrations go on where they were
  --quiet               no line for each invocation
  --verbose             also what the host does besides, such as requests that no route takes
  -h, --help            this text

Examples:
  npx lightning-host                             the app in this folder, at http://localhost:7071
  npx lightning-host ../shop --port 0 --watch    another app on any free port, anew at every change
  npx lightning-host --home ./home --enable-auth its data elsewhere, with keys
  LIGHTNING_HOST_FAULTS=seed=7 npx lightning-host
                                                 with doubled, late and lost messages, as in Azure; docs/local-host.md

Look inside:
  curl 'http://localhost:7071/runtime/webhooks/durabletask/instances?top=10'
  curl 'http://localhost:7071/runtime/webhooks/durabletask/instances/<id>?showHistory=true&showHistoryOutput=true'
  curl -X POST http://localhost:7071/admin/functions/<name> -d '{}'      runs a timer's function now`;

try {
  const [first, ...rest] = process.argv.slice(2);
  if (first === "instances" && !existsSync("instances")) process.exit(await instancesCommand(rest));
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string" },
      home: { type: "string" },
      "enable-auth": { type: "boolean" },
      paused: { type: "boolean" },
      "allow-host": { type: "string", multiple: true },
      built: { type: "boolean" },
      quiet: { type: "boolean" },
      verbose: { type: "boolean" },
      watch: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const { port } = values;
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535))
    throw new Error(`--port ${port} is not a port.`);
  if (positionals.length > 1) throw new Error(`Give one folder, not ${positionals.length}.`);
  if (values.help) console.log(HELP);
  else if (values.watch)
    watch(
      fileURLToPath(import.meta.url),
      process.argv.slice(2).filter((arg) => arg !== "--watch"),
    );
  else {
    const folder = path.resolve(positionals[0] ?? ".");
    const built = values.built ?? "when fresh";
    tellWatcherOfConfig(folder);
    // Before anything is made in the folder: it may not be an app's at all.
    findEntry(folder, readManifest(folder), built);
    await serve({
      folder,
      home: path.resolve(values.home ?? path.join(folder, ".lightning")),
      port: port === undefined ? undefined : Number(port),
      fallbackPort: 7071,
      enableAuth: values["enable-auth"],
      paused: values.paused,
      allowedHosts: values["allow-host"],
      built,
      calls: values.quiet !== true,
      verbose: values.verbose,
    });
  }
} catch (thrown) {
  const { remedy, code } = thrown as { remedy?: string; code?: string };
  if (code?.startsWith("ERR_PARSE_ARGS"))
    console.error(printable(`${messageOf(thrown).split(" To specify", 1)[0]}\nSee lightning-host --help.`));
  else console.error(printable(messageOf(thrown)));
  if (remedy !== undefined) console.error(printable(remedy));
  process.exit(1);
}
