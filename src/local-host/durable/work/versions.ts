import type { DurableSettings } from "../options.ts";

/**
 * The framework's order of versions (VersioningSettings.CompareVersions): none is before any, two that .NET's
 * Version can read compare by their numbers, others as text without case.
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "") return -1;
  if (b === "") return 1;
  const [left, right] = [numbers(a), numbers(b)];
  if (left === undefined || right === undefined) {
    const [x, y] = [a.toUpperCase(), b.toUpperCase()];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  for (let at = 0; at < 4; at++) {
    // A part that is not there is before zero, as in .NET.
    const difference = (left[at] ?? -1) - (right[at] ?? -1);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** Two to four numbers: "2" alone is text to .NET, so that "10" stands before "9". */
function numbers(version: string): number[] | undefined {
  return /^\d+(\.\d+){1,3}$/.test(version) ? version.split(".").map(Number) : undefined;
}

/** False when the host's versioning says that this instance is not its business. */
export function acceptsVersion(settings: DurableSettings, version: string): boolean {
  const { defaultVersion, versionMatch } = settings;
  // Without a version of its own the host is older than any that an instance has (extension 3.19.0).
  if (versionMatch === "None") return true;
  if (versionMatch === "Strict") return version === defaultVersion;
  return compareVersions(version, defaultVersion) <= 0;
}
