/** Values of app settings, which on a laptop are environment variables. */
export type Environment = Record<string, string | undefined>;

export type Resolved =
  | { readonly ok: true; readonly value: string }
  /** The first setting that is missing or empty. */
  | { readonly ok: false; readonly setting: string };

/** Replaces every `%NAME%` of a binding's option with the app setting of that name. */
export function resolveSettings(text: string, env: Environment): Resolved {
  let missing: string | undefined;
  const value = text.replaceAll(/%([^%\s]+)%/g, (_all, name: string) => {
    const found = env[name];
    if (found === undefined || found === "") missing ??= name;
    return found ?? "";
  });
  return missing === undefined ? { ok: true, value } : { ok: false, setting: missing };
}
