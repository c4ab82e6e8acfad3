import { readSettings, SETTINGS, type Settings } from "../../config/settings.ts";
import { unknownSettings } from "../../config/unknown-settings.ts";
import { findRunningHost } from "../../local-host/find-host.ts";
import { type ConnectOptions, connect } from "../../sdk/connect.ts";
import { terminal } from "./io.ts";
import { type CliDeps, runCli } from "./program.ts";
import { showError } from "./show-error.ts";

/** What the command line has where it runs: with the function app beside it, or with an address alone. */
export interface Place extends Pick<CliDeps, "operations" | "instead"> {
  /** Starts the function app inside this process; absent: never. */
  readonly startEmbedded?: ConnectOptions["startEmbedded"];
  /** Adds the commands that are no operations. */
  readonly addCommands: (
    ...args: [...Parameters<NonNullable<CliDeps["addCommands"]>>, connect: CliDeps["connect"]]
  ) => void;
}

/** The command line of this process: reads the settings, makes the commands, runs one, and ends the process. */
export async function run(placeOf: (settings: Settings) => Place | Promise<Place>): Promise<void> {
  let code = 1;
  try {
    const settings = readSettings();
    for (const text of unknownSettings()) terminal.err(`⚠️  ${text}\n`);
    const { startEmbedded, addCommands, ...place } = await placeOf(settings);
    const reach = (endpoint = settings.endpoint) =>
      connect({ settings: { ...settings, endpoint }, findHost: findRunningHost, startEmbedded });
    code = await runCli(process.argv.slice(2), {
      ...place,
      io: terminal,
      connect: reach,
      // When nobody set it here, the function app's own LIGHTNING_AGENT_ID counts.
      agentId: settings.agentId === SETTINGS.agentId.default ? undefined : settings.agentId,
      longestWaitMs: settings.maxWaitMinutes * 60_000,
      longestPauseMs: Math.min(settings.pollIntervalSeconds * 1000, 5000),
      addCommands: (program, finish) => addCommands(program, finish, reach),
    });
  } catch (thrown) {
    showError(terminal, process.argv.includes("--json"), thrown);
  }
  // An embedded host is stopped by now, but what it loaded may still hold sockets and timers open.
  process.stdout.write("", () => process.exit(code));
}
