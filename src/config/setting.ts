/** Reads a setting's text. @throws Error that says what the text must be */
export type Parse<T> = (text: string) => T;

/** A row of the settings table. */
export interface Setting<T = unknown> {
  readonly env: string;
  readonly parse: Parse<T>;
  /** Text as it would stand in the environment; undefined: not set. */
  readonly default?: string;
  /** The default on an instance in Azure, where the app's own folder cannot be written to. */
  readonly inAzure?: string;
  readonly meaning: string;
  readonly secret?: boolean;
}
/** The row as it stands, with the type that its `parse` gives. */
export const setting = <T, const S extends Setting<T>>(row: S & { parse: Parse<T> }): S => row;

/** Settings that a table's rows parse to; one without a default may be absent. */
export type SettingsOf<Table extends Readonly<Record<string, Setting>>> = {
  readonly [K in keyof Table]: Table[K] extends { default: string }
    ? ReturnType<Table[K]["parse"]>
    : ReturnType<Table[K]["parse"]> | undefined;
};

// The parsers use no library: an agent's process reads settings too, and its package has no dependency.

export const text =
  (longest = Number.POSITIVE_INFINITY): Parse<string> =>
  (value) =>
    value.length > longest ? refuse(`Too big: expected string to have <=${longest} characters`) : value;

export const matching =
  (pattern: RegExp, otherwise = `Invalid string: must match pattern ${String(pattern)}`): Parse<string> =>
  (value) =>
    pattern.test(value) ? value : refuse(otherwise);

export const oneOf =
  <const T extends string>(...options: readonly T[]): Parse<T> =>
  (value) =>
    options.find((option) => option === value) ??
    refuse(`Invalid option: expected one of ${options.map((option) => `"${option}"`).join("|")}`);

/** Some of the options, with commas between them. */
export const someOf = <const T extends string>(...options: readonly T[]): Parse<ReadonlySet<T>> => {
  const one = oneOf(...options);
  return (value) => new Set(value.split(",").map((part) => one(part.trim())));
};

const spelledFlag = oneOf("true", "false", "1", "0", "yes", "no", "on", "off");
export const flag: Parse<boolean> = (value) => ["true", "1", "yes", "on"].includes(spelledFlag(value));

export const number =
  (least: number, most: number): Parse<number> =>
  (value) => {
    const given = value.trim();
    const n = Number(given);
    if (given === "" || !Number.isFinite(n)) return refuse("must be a number");
    return n >= least && n <= most ? n : refuse(`must be from ${least} to ${most}`);
  };

export const whole = (least: number, most: number): Parse<number> => {
  const parse = number(least, most);
  return (value) => {
    const n = parse(value);
    return Number.isInteger(n) ? n : refuse("must be a whole number");
  };
};

export const url: Parse<string> = (value) =>
  URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
    ? value
    : refuse("must be an http or https URL");

export const name = matching(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/,
  "must be letters, digits, - or _, starting with a letter or digit",
);

/** What is sent in a header: a key or a token. */
export const headerValue = matching(
  /^[\x21-\x7e]{1,16384}$/,
  "must be visible ASCII characters without blanks or line breaks",
);

/** A model, or a deployment of one: `gpt-4o-mini-2024-07-18`, `ft:gpt-4o-mini:org::id`. */
export const model: Parse<string> = (value) =>
  /^[^\s\p{Cc}]+$/u.test(value)
    ? text(256)(value)
    : refuse("must be the name of a model or a deployment, without blanks");

/** What an Entra token is asked for: a resource by its URI, or by its app id where it has none. */
export const scope = matching(
  /^(?:[a-z][a-z0-9+.-]*:\/\/[^\s/]+\S*|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\/\S+)$/i,
  "must be a scope like https://ai.azure.com/.default",
);

/** `Name=Value;Name=Value`, of Azure Storage and Application Insights. */
export const connectionString = matching(
  /^\s*[A-Za-z][\w.]*=[^;\r\n]+(?:;\s*(?:[A-Za-z][\w.]*=[^;\r\n]*)?)*$/,
  "must be a connection string, Name=Value;Name=Value",
);

function refuse(message: string): never {
  throw new Error(message);
}
