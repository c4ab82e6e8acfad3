import { Command, CommanderError, Option } from "commander";
import { type Operation, parseInput } from "../../doors/operation.ts";
import { isLightningError } from "../../kernel/errors.ts";
import type { OperationName } from "../../operations.ts";
import type { Connection } from "../../sdk/connect.ts";
import { packageVersion } from "../package-version.ts";
import { toLightningError } from "../wire-errors.ts";
import type { Extras } from "./command.ts";
import { commandOf } from "./commands.ts";
import { EXIT, EXIT_MEANINGS, exitHelp, exitOfError } from "./exit-codes.ts";
import { plainFlow } from "./flows.ts";
import type { CliIo } from "./io.ts";
import { facts, plain } from "./layout.ts";
import { addOptions, exampleLine, flagsOf, inputOf, missingOptions } from "./options.ts";
import { caller } from "./session.ts";

export interface CliDeps {
  readonly operations: readonly Operation[];
  readonly io: CliIo;
  connect(): Promise<Connection>;
  /** Sent as `agent_id` when the command names none; undefined: the function app's own default. */
  readonly agentId?: string | undefined;
  readonly longestWaitMs: number;
  readonly longestPauseMs: number;
  /**
   * What a command does in the place of its operation when an option asks for it; it answers the exit code, or
   * undefined when the option was not given.
   */
  readonly instead?: Readonly<
    Partial<Record<OperationName, (values: Readonly<Record<string, unknown>>) => Promise<number | undefined>>>
  >;
  /** Adds the commands that are no operations: `dev`, `mcp`, `provision`. */
  readonly addCommands?: (program: Command, finish: (code: number) => void) => void;
}

/** Runs one command line (without `node` and the script). @returns the exit code (`exit-codes.ts`) */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(deps, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw thrown;
  }
}

/** Every operation with `cli` words as a command; what it does on failure goes to `finish` too. */
function buildProgram(deps: CliDeps, finish: (code: number) => void): Command {
  const program = new Command("lightning")
    .description("Agent Lightning: record, label, train, evaluate, promote, roll back.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for the options and an example)")
    .addHelpText(
      "after",
      `\nExit status:\n${EXIT_MEANINGS.map(([code, text]) => `  ${code}  ${text}`).join("\n")}`,
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => deps.io.out(text), writeErr: (text) => deps.io.err(text) });
  const groups = new Map<string, Command>();
  for (const operation of deps.operations) {
    if (operation.cli === undefined) continue;
    const words = operation.cli.split(" ");
    const last = words.pop() ?? operation.cli;
    let parent = program;
    for (const word of words) {
      const group =
        groups.get(word) ?? parent.command(word).description(`${word.replaceAll("-", " ")}: see --help`);
      groups.set(word, group);
      parent = group;
    }
    addOperation(parent.command(last), operation, deps, finish);
  }
  deps.addCommands?.(program, finish);
  return program;
}

function addOperation(
  command: Command,
  operation: Operation,
  deps: CliDeps,
  finish: (code: number) => void,
): void {
  const { alias, flow = plainFlow, waits = false, text, gate, ...own } = commandOf(operation.name);
  const extras: Extras = own.extras?.(operation) ?? {};
  const flags = flagsOf(operation, new Set(extras.without));
  command.description(operation.summary);
  if (alias !== undefined) command.alias(alias);
  addOptions(command, flags);
  for (const option of extras.options ?? []) command.addOption(option);
  if (waits) command.addOption(new Option("--no-wait", "answer as soon as it is started"));
  command.option("--json", "print the REST reply");
  const example = extras.example ?? exampleLine(operation);
  command.addHelpText("after", `\nExample:\n  $ ${example}`);
  if (gate !== undefined) command.addHelpText("after", exitHelp(gate));

  command.action(async (values: Record<string, unknown>) => {
    const json = values.json === true;
    let connection: Connection | undefined;
    try {
      const code = await deps.instead?.[operation.name as OperationName]?.(values);
      if (code !== undefined) return finish(code);
      const input = inputOf(flags, values);
      if (flags.some(({ name }) => name === "agent-id") && deps.agentId !== undefined)
        input.agent_id ??= deps.agentId;
      const pages = await extras.complete?.(input, values, deps.io, (message) =>
        command.error(`error: ${message}`),
      );
      const missing = missingOptions(operation, flags, input);
      if (missing.length > 0)
        command.error(
          `error: required option${missing.length > 1 ? "s" : ""} not given: ${missing.join(", ")}`,
        );
      try {
        parseInput(operation, input);
      } catch (thrown) {
        showError(deps.io, json, thrown);
        return finish(EXIT.usage);
      }
      connection = await deps.connect();
      finish(
        await flow({
          io: deps.io,
          connection,
          operation,
          input,
          text,
          json,
          pages: pages ?? undefined,
          wait: values.wait !== false,
          yes: values.yes === true,
          dryRun: values.dryRun === true,
          longestWaitMs: deps.longestWaitMs,
          longestPauseMs: deps.longestPauseMs,
          call: caller(deps.operations, connection, deps.io),
        }),
      );
    } catch (thrown) {
      if (thrown instanceof CommanderError) throw thrown;
      showError(deps.io, json, thrown);
      finish(exitOfError(thrown));
    } finally {
      await connection?.close();
    }
  });
}

/** Code, reason, field and remedy; under `--json` the error body as REST answers it. */
export function showError(io: CliIo, json: boolean, thrown: unknown): void {
  const error = isLightningError(thrown) ? thrown : toLightningError(thrown, "cli");
  if (json) {
    io.out(`${JSON.stringify(error.toBody(), undefined, 2)}\n`);
    return;
  }
  const cause = isLightningError(thrown) ? [] : facts([["Cause", (thrown as Error | undefined)?.message]]);
  const lines = [
    `❌ ${plain(error.message)}`,
    ...facts([
      ["Code", error.code],
      ["Field", error.field],
      ["Remedy", error.remedy],
    ]),
    ...cause,
  ];
  io.err(`\n${lines.map((line) => io.paint(line, "err")).join("\n")}\n`);
}
