import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DOOR_SETTINGS } from "../../config/door-settings.ts";
import { TOOL_SETS, type ToolSet } from "../../doors/tool-sets.ts";
import { messageOf } from "../../kernel/errors.ts";
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
  deps: {
    readonly io: CliIo;
    connect(endpoint?: string): Promise<Connection>;
    /** LIGHTNING_MCP_TOOLS as this process has it. */
    readonly toolSets: ReadonlySet<ToolSet> | undefined;
  },
): void {
  program
    .command("mcp")
    .description("Serves the MCP tools over standard input and output, for MCP clients that start a command.")
    .addOption(endpointOption())
    .addOption(
      new Option(
        "--tools <sets>",
        `the tools to list, in the place of LIGHTNING_MCP_TOOLS: ${TOOL_SETS.join(", ")}, several with commas between them`,
      ).argParser(toolSets),
    )
    .addHelpText("after", "\nExample:\n  $ lightning mcp --tools review,train")
    .action(async (values: Record<string, unknown>) => {
      let connection: Connection | undefined;
      try {
        connection = await deps.connect(endpointIn(values));
        const { serveStdio } = await import("../mcp-stdio.ts");
        const sets = (values.tools as ReadonlySet<ToolSet> | undefined) ?? deps.toolSets;
        await serveStdio(connection, { tools: sets && [...sets].join(",") });
      } catch (thrown) {
        showError(deps.io, false, thrown);
        finish(1);
      } finally {
        await connection?.close();
      }
    });
}

function toolSets(text: string): ReadonlySet<ToolSet> {
  try {
    return DOOR_SETTINGS.mcpTools.parse(text);
  } catch (thrown) {
    throw new InvalidArgumentError(messageOf(thrown));
  }
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
