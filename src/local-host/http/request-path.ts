/** A request's path as templates match it. */
export interface RequestPath {
  /** Percent-decoded, without its first slash. */
  readonly text: string;
  /** The parts between slashes; one slash at the end opens no part. */
  readonly segments: readonly string[];
  /** The same in lower case. */
  readonly lower: readonly string[];
}

/** A URL's path, percent-decoded once but for `%2F`, as Kestrel does it. A broken escape stays as it is. */
export function decodePath(pathname: string): string {
  const path = pathname.startsWith("/") ? pathname.slice(1) : pathname;
  if (!path.includes("%")) return path;
  return path.replaceAll(/(?:%(?!2f)[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** @param text a decoded path without its first slash */
export function requestPath(text: string): RequestPath {
  const whole = text.endsWith("/") ? text.slice(0, -1) : text;
  const segments = text === "" ? [] : whole.split("/");
  const lowered = whole.toLowerCase();
  return { text, segments, lower: lowered === whole ? segments : lowered.split("/") };
}
