import { Command, CommanderError, Option } from "commander";
import { type Operation, parseInput } from "../../doors/operation.ts";
import { invalid, type LightningError } from "../../kernel/errors.ts";
import type { OperationName } from "../../operations.ts";
import type { Connection } from "../../sdk/connect.ts";
import { packageVersion } from "../package-version.ts";
import { allPages, isPaged } from "./all-pages.ts";
import type { Extras } from "./command.ts";
import { commandOf } from "./commands.ts";
import { confirmed, mayNeedYes, needsYes, notConfirmed } from "./confirm.ts";
import { endpointIn, endpointOption } from "./endpoint.ts";
import { EXIT, EXIT_MEANINGS, exitHelp, exitOfError } from "./exit-codes.ts";
import { plainFlow } from "./flows.ts";
import { type CliIo, printing } from "./io.ts";
import { addOptions, exampleLine, flagsOf, inputOf, missingOptions } from "./options.ts";
import { caller, Interrupted, type Session } from "./session.ts";
import { type Named, showError } from "./show-error.ts";

export interface CliDeps {
  readonly operations: readonly Operation[];
  readonly io: CliIo;
  /** @param endpoint the function app that `--endpoint` names, in the place of what the settings say */
  connect(endpoint?: string): Promise<Connection>;
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
export async function runCli(argv: readonly string[], given: CliDeps): Promise<number> {
  const deps: CliDeps = { ...given, io: printing(given.io) };
  let exitCode = 0;
  // Wrong usage is told as everything else is: under --json as an error body.
  const json = argv.includes("--json");
  let usage = "";
  const collect = (text: string) => {
    usage += text;
  };
  const io: Pick<CliIo, "err"> = json ? { err: collect } : deps.io;
  const program = buildProgram(deps, io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return EXIT.done;
    if (json) showError(deps.io, true, wrongUsage(thrown.message, usage));
    return EXIT.usage;
  }
}

/** What commander says, without its prefix; help that it shows in the place of a command is no message. */
function wrongUsage(message: string, told: string): LightningError {
  const said = /^error: (.+(?:\n\(Did you mean .+)?)/m.exec(told)?.[1] ?? message;
  return invalid("wrong_usage", said.replace(/^error: /, "").replaceAll("\n", " "), {
    remedy: "Add --help in the place of --json for the options and an example.",
  });
}

/** Every operation with `cli` words as a command; what it does on failure goes to `finish` too. */
function buildProgram(deps: CliDeps, usageIo: Pick<CliIo, "err">, finish: (code: number) => void): Command {
  const program = new Command("lightning")
    .description("Agent Lightning: record, label, train, evaluate, promote, roll back.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for the options and an example)")
    .addHelpText(
      "after",
      `\nExit status:\n${EXIT_MEANINGS.map(([code, text]) => `  ${code}  ${text}`).join("\n")}`,
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => deps.io.out(text), writeErr: (text) => usageIo.err(text) });
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
  if (mayNeedYes(operation))
    command.option("--yes", "do it without asking; needed where nobody can be asked");
  if (isPaged(operation)) command.option("--all", "every page, not only the first");
  command.addOption(endpointOption());
  command.option("--json", "print the REST reply");
  const example = extras.example ?? exampleLine(operation);
  command.addHelpText("after", `\nExample:\n  $ ${example}`);
  if (gate !== undefined) command.addHelpText("after", exitHelp(gate));

  command.action(async (values: Record<string, unknown>) => {
    const json = values.json === true;
    const named: Named = {
      flags,
      command: operation.cli ?? operation.name,
      commandOf: (name) => deps.operations.find((row) => row.name === name)?.cli,
    };
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
      if (values.all === true && (input.manifest === true || input.continuation !== undefined))
        command.error("error: --all excludes --continuation, and --manifest, which signs one page");
      let parsed: Record<string, unknown>;
      try {
        parsed = parseInput(operation, input);
      } catch (thrown) {
        showError(deps.io, json, thrown, named);
        return finish(EXIT.usage);
      }
      const asks = needsYes(operation, parsed);
      if (asks && values.yes !== true && (json || deps.io.ask === undefined))
        throw notConfirmed(named.command);
      connection = await deps.connect(endpointIn(values));
      const session: Session = {
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
      };
      if (asks && !(await confirmed(session))) return finish(EXIT.failed);
      finish(await flow(values.all === true ? allPages(session) : session));
    } catch (thrown) {
      if (thrown instanceof CommanderError) throw thrown;
      if (thrown instanceof Interrupted) {
        deps.io.err(`\n${thrown.lines.join("\n")}\n`);
        return finish(EXIT.interrupted);
      }
      showError(deps.io, json, thrown, named);
      finish(exitOfError(thrown));
    } finally {
      await connection?.close();
    }
  });
}
