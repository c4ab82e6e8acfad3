import { WINDOWS_ZONES } from "./windows-zones.ts";

const DAY_MS = 86_400_000;

/** A time zone's wall clock. Instants are ms since the epoch, wall times ms as if the wall clock were UTC. */
export interface TimeZone {
  /** The wall time at an instant. */
  wallAt(instant: number): number;
  /**
   * The instants at which the clock shows a wall time, the earliest first: one, two where it was put back, none where
   * it was put forward.
   */
  instantsOf(wall: number): readonly number[];
  /** The instant of a wall time that was left out, by the offset that held before. */
  instantOfSkipped(wall: number): number;
}

/**
 * @param name IANA name, or that of Windows, which Azure takes on Windows plans: `W. Europe Standard Time`
 * @returns undefined for a name that neither knows
 */
export function timeZone(name: string): TimeZone | undefined {
  // A bare offset is a zone for Intl alone.
  if (/^[+-]/.test(name)) return undefined;
  const iana = WINDOWS_ZONES[name.toLowerCase()] ?? name;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: iana,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
  const wallAt = (instant: number) => {
    const part: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of format.formatToParts(instant)) part[type] = value;
    const [year, month, day] = [Number(part.year), Number(part.month) - 1, Number(part.day)];
    const whole = Date.UTC(year, month, day, Number(part.hour), Number(part.minute), Number(part.second));
    return whole + (((instant % 1000) + 1000) % 1000);
  };
  const offsetAt = (instant: number) => wallAt(instant) - instant;
  return {
    wallAt,
    instantsOf(wall) {
      // No zone has changed its clock twice within two days.
      const offsets = new Set([offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)]);
      return [...offsets]
        .map((offset) => wall - offset)
        .filter((instant) => wallAt(instant) === wall)
        .toSorted((a, b) => a - b);
    },
    instantOfSkipped: (wall) => wall - offsetAt(wall - DAY_MS),
  };
}
