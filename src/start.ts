import path from "node:path";
import { parseArgs } from "node:util";
import { type App, appOf, configureApp } from "./app.ts";
import { homeFolder, readSettings } from "./config/settings.ts";
import { messageOf } from "./kernel/errors.ts";
import { isMain } from "./kernel/is-main.ts";
import { silentLogger, stderrLogger } from "./kernel/logger.ts";
import { printable } from "./kernel/printable.ts";
import { LocalHost } from "./local-host/local-host.ts";
import { serve } from "./local-host/serve.ts";
import { tellWatcherOfConfig } from "./local-host/watch.ts";
import { logPolicy, redactedLogger } from "./redaction/redacted-logger.ts";
import { warmFirstView } from "./surfaces/first-view.ts";
import { PAGE_ROUTE } from "./surfaces/page.ts";

/** The function app on this machine: the embedded engines, served by the local host. */

export interface StartOptions {
  /** Loopback port; 0 for any free one. */
  readonly port?: number | undefined;
  /** Folder of ledger, durable store, provider and keys; absent: LIGHTNING_HOME. */
  readonly home?: string | undefined;
  readonly enableAuth?: boolean | undefined;
  /** Open the home and run nothing of the app: see the local host's option. */
  readonly paused?: boolean | undefined;
  /** Warnings only. */
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export interface Started {
  readonly url: string;
  readonly host: LocalHost;
  readonly app: App;
  stop(): Promise<void>;
}

const FOLDER = path.resolve(import.meta.dirname, "..");

/**
 * Starts app and host in this process. The host locks its home first: a second one on the same home is refused before
 * the app opens anything. Settings, the home among them, must stand in the environment before the first start: the
 * functions read them when they are loaded.
 */
export async function startLocal(options: StartOptions = {}): Promise<Started> {
  if (options.home !== undefined) process.env.LIGHTNING_HOME = options.home;
  const settings = readSettings();
  const plain = options.quiet ? silentLogger : stderrLogger(options.verbose ? "debug" : settings.logLevel);
  const logger = settings.redactSecrets ? redactedLogger(plain, logPolicy(settings)) : plain;
  configureApp({ settings, logger });
  const hostOptions = {
    folder: FOLDER,
    home: homeFolder(settings),
    port: options.port,
    enableAuth: options.enableAuth,
    paused: options.paused,
    changeSource: () => appOf().changeSource(),
  };
  const host = options.quiet
    ? await LocalHost.start({ ...hostOptions, logger })
    : await serve({ ...hostOptions, logger, calls: options.verbose, verbose: options.verbose });
  if (options.paused) return { url: host.baseUrl, host, app: appOf(), stop: () => host.stop() };
  if (!options.quiet) {
    console.log(`Reviewers and operators: ${host.baseUrl}/api/${PAGE_ROUTE}`);
    void warmFirstView((address, init) => host.fetch(address, init), host.keys?.function).catch(
      (thrown: unknown) => logger.debug("the first view is not warm", { error: messageOf(thrown) }),
    );
  }
  await appOf()
    .makeReady()
    .catch((thrown: unknown) => logger.warn("the ledger takes no write", { error: messageOf(thrown) }));
  // Training jobs that were under way when the process ended go on now, not at the first question about them.
  void tellProvider(options.quiet === true).catch((thrown: unknown) =>
    logger.warn("the provider does not answer", { error: messageOf(thrown) }),
  );
  return { url: host.baseUrl, host, app: appOf(), stop: () => host.stop() };
}

/** Whoever has another OpenAI client to point at the local provider needs its address and its key. */
async function tellProvider(quiet: boolean): Promise<void> {
  const { provider } = appOf();
  await provider.ping();
  const local = provider.local?.();
  if (!quiet && local !== undefined) console.log(`OpenAI clients: ${local.url}, key in ${local.keyFile}`);
}

const HELP = `Usage: npm start -- [options]

Serves the function app on this machine with the embedded ledger, the durable engine and the local provider.

  --port N       loopback port (7071; 0 for any free one)
  --home DIR     folder of the data (LIGHTNING_HOME, ./.lightning)
  --enable-auth  ask for function keys, as Azure does
  --paused       run nothing: orchestrations can be listed, terminated and purged by the management API
  --verbose      one line for each invocation
  --help

Examples:
  npm start
  npm start -- --port 8080 --home .lightning/demo
`;

if (isMain(import.meta.url)) {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "7071" },
        home: { type: "string" },
        "enable-auth": { type: "boolean", default: false },
        paused: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) process.stdout.write(HELP);
    else {
      tellWatcherOfConfig(FOLDER);
      const port = Number(values.port);
      if (!Number.isInteger(port) || port < 0 || port > 65_535)
        throw new Error(`--port: ${values.port} is not a port number`);
      await startLocal({
        port,
        home: values.home,
        enableAuth: values["enable-auth"],
        paused: values.paused,
        verbose: values.verbose,
      });
    }
  } catch (thrown) {
    process.stderr.write(`${printable(messageOf(thrown))}\n`);
    process.exit(1);
  }
}
