import { type Hits, isPlaceholder, looksSecret, replaced } from "../hits.ts";

/**
 * Options that take a secret and say no word of it. Each expression ends at the secret; its program stands in the same
 * command, at most 200 letters before.
 */
const QUOTE = `["'\`]?`;
const VALUE = `([^\\s"'\`]{2,256})`;
const before = (programs: string) => `\\b(?:${programs})\\b[^\\n|;&]{0,200}?[ \\t]`;
const COMMANDS: readonly { gate: RegExp; pattern: RegExp }[] = [
  {
    gate: /curl/,
    pattern: new RegExp(
      `(${before("curl")}(?:-u|--user|--proxy-user|-U)(?:[ \\t]{1,4}|=)?${QUOTE}[^\\s:"'$]{1,64}:)${VALUE}`,
      "g",
    ),
  },
  {
    gate: /mysql|mariadb/,
    pattern: new RegExp(`(${before("mysql\\w*|mariadb[\\w-]*")}-p${QUOTE})${VALUE}`, "g"),
  },
  { gate: /sshpass/, pattern: new RegExp(`(\\bsshpass[ \\t]{1,4}-p[ \\t]{0,4}${QUOTE})${VALUE}`, "g") },
  { gate: /redis-cli/, pattern: new RegExp(`(${before("redis-cli")}-a[ \\t]{1,4}${QUOTE})${VALUE}`, "g") },
  { gate: /login/, pattern: new RegExp(`(${before("login")}-p[ \\t=]{1,4}${QUOTE})${VALUE}`, "g") },
  { gate: /pass:/, pattern: new RegExp(`([ \\t]-pass(?:in|out)?[ \\t]{1,4}pass:)${VALUE}`, "g") },
];
/** A variable, or another option. */
const NONE = /^(?:[$%<{*-]|\.{3})/;
/** `host:port:database:user:password`, a line of PostgreSQL's password file. */
const PASS_FILE = /^((?:[\w.-]{1,80}|\*):(?:\d{4,5}|\*):[^\s:\d][^\s:]{0,60}:[^\s:]{1,60}:)(\S{4,128})$/gm;

/** Without one of these a text holds no such option. */
export const COMMAND_SIGNS: readonly string[] = "curl mysql mariadb sshpass redis-cli login pass:".split(" ");

/** @param hasOptions whether one of `COMMAND_SIGNS` may stand in the text */
export function redactCommands(text: string, hits: Hits, hasOptions: boolean): string {
  let out = hasOptions ? redactOptions(text, hits) : text;
  if (/:(?:\d{4,5}|\*):/.test(out))
    out = out.replace(PASS_FILE, (whole, head: string, value: string) =>
      isPlaceholder(value) || !looksSecret(value) ? whole : head + replaced(hits, "password", value),
    );
  return out;
}

function redactOptions(text: string, hits: Hits): string {
  let out = text;
  for (const { gate, pattern } of COMMANDS) {
    if (!gate.test(out)) continue;
    out = out.replace(pattern, (whole, head: string, value: string) =>
      NONE.test(value) || isPlaceholder(value) ? whole : head + replaced(hits, "password", value),
    );
  }
  return out;
}
