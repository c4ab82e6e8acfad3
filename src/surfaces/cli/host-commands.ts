import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Connection } from "../../sdk/connect.ts";
import { endpointIn, endpointOption } from "./endpoint.ts";
import type { CliIo } from "./io.ts";
import { showError } from "./show-error.ts";

/** `lightning dev`: the function app in a process of its own. */
export function addDev(program: Command, finish: (code: number) => void): void {
  program
    .command("dev")
    .description("Runs the function app on this machine, as npm start does; options go to it.")
    .argument("[options...]", "for example --port 7072")
    .allowUnknownOption()
    .addHelpText("after", "\nExample:\n  $ lightning dev --port 7071")
    .action(async (options: string[]) => finish(await runHost(options)));
}

/** `lightning mcp`: the function app's MCP tools over standard input and output. */
export function addMcp(
  program: Command,
  finish: (code: number) => void,
  deps: { readonly io: CliIo; connect(endpoint?: string): Promise<Connection> },
): void {
  program
    .command("mcp")
    .description("Serves the MCP tools over standard input and output, for MCP clients that start a command.")
    .addOption(endpointOption())
    .addHelpText("after", "\nExample:\n  $ lightning mcp")
    .action(async (values: Record<string, unknown>) => {
      let connection: Connection | undefined;
      try {
        connection = await deps.connect(endpointIn(values));
        const { serveStdio } = await import("../mcp-stdio.ts");
        await serveStdio(connection);
      } catch (thrown) {
        showError(deps.io, false, thrown);
        finish(1);
      } finally {
        await connection?.close();
      }
    });
}

/** What `npm start` does, in a process of its own with this terminal. */
function runHost(options: readonly string[]): Promise<number> {
  const fromSources = import.meta.url.endsWith(".ts");
  const main = fileURLToPath(new URL(`../../start.${fromSources ? "ts" : "js"}`, import.meta.url));
  const child = spawn(process.execPath, [main, ...options], { stdio: "inherit" });
  // Ctrl+C reaches the child from the terminal; it decides when this ends.
  const handOn = () => child.kill("SIGTERM");
  process.on("SIGINT", ignore).on("SIGTERM", handOn);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      process.off("SIGINT", ignore).off("SIGTERM", handOn);
      resolve(code ?? 1);
    });
  });
}

const ignore = () => {};
