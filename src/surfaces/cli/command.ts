import type { Option } from "commander";
import type { Operation } from "../../doors/operation.ts";
import type { OperationName, ReplyOf } from "../../operations.ts";
import type { GateKind } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import type { Body } from "./layout.ts";
import type { Session } from "./session.ts";

/** Carries a command out; the result is the exit code. */
export type Flow = (session: Session) => Promise<number>;

/** What a command has beside the fields of its operation. */
export interface Extras {
  /** Fields that get no option of their own. */
  readonly without?: readonly string[];
  readonly options?: readonly Option[];
  readonly example?: string;
  /**
   * Fills the input from the extra options. `refuse` ends the command as wrong usage.
   * @returns pages of a file that are still to be read, where one request cannot take it
   */
  complete?(
    input: Record<string, unknown>,
    values: Readonly<Record<string, unknown>>,
    io: CliIo,
    refuse: (message: string) => never,
  ): Promise<AsyncIterator<string> | undefined>;
}

/** All that a command is beside the row of its operation. Absent: one request, and its answer as an outline. */
interface CliCommand<Name extends OperationName> {
  /** Another word for the command. */
  readonly alias?: string;
  readonly extras?: (operation: Operation) => Extras;
  /** More than one request and one answer. */
  readonly flow?: Flow;
  /** It answers as a gate: `--help` tells its exit codes. */
  readonly gate?: GateKind;
  /** Its flow knows `--no-wait`. */
  readonly waits?: boolean;
  /** The answer as lines; `input` is what was asked, `columns` what a line of the terminal holds. */
  text?(this: void, body: ReplyOf<Name>, input: Body, columns?: number): string[];
}

/** Commands by the operation they call. */
export type Commands = { readonly [Name in OperationName]?: CliCommand<Name> };

/** A command whose operation is known at run time only: the answer is any object. */
export interface AnyCommand extends Omit<CliCommand<OperationName>, "text"> {
  text?(this: void, body: Body, input: Body, columns?: number): string[];
}
