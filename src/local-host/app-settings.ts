/** Values of app settings, which on a laptop are environment variables. */
export type Environment = Record<string, string | undefined>;

export type Resolved =
  | { readonly ok: true; readonly value: string }
  | {
      readonly ok: false;
      /** What is wrong with the text: `needs the setting CRON, which is empty`. */
      readonly reason: string;
      /** The first setting that is missing or empty; undefined when a `%` is wrong. */
      readonly setting: string | undefined;
    };

/** A setting's value; names are compared without regard to case, as .NET's configuration does. */
export function settingOf(env: Environment, name: string): string | undefined {
  if (env[name] !== undefined) return env[name];
  const wanted = name.toLowerCase();
  const [, value] = Object.entries(env).find(([one]) => one.toLowerCase() === wanted) ?? [];
  return value;
}

/**
 * Replaces every `%NAME%` of a binding's option with the app setting of that name. What stands between two `%` is a name,
 * blanks and all, and a `%` without a second one is refused (`NameResolver.ResolveWholeString`).
 */
export function resolveSettings(text: string, env: Environment): Resolved {
  const parts = text.split("%");
  if (parts.length % 2 === 0)
    return { ok: false, reason: "has a % without a second one", setting: undefined };
  let missing: string | undefined;
  const value = parts.map((part, i) => {
    if (i % 2 === 0) return part;
    const found = settingOf(env, part);
    if (found === undefined || found === "") missing ??= part;
    return found ?? "";
  });
  return missing === undefined
    ? { ok: true, value: value.join("") }
    : { ok: false, reason: `needs the setting ${missing || "%%"}, which is empty`, setting: missing };
}
