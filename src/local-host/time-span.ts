const DAY = 86_400_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;
/** .NET's TimeSpan.MaxValue, 10675199.02:48:05.477, in ms. */
const LONGEST = 922_337_203_685_477;

/** `5` (days), `[d.]hh:mm`, `[d.]hh:mm:ss[.fff]`, `d:hh:mm:ss[.fff]`. */
const SHAPE =
  /^(-)?(?:(?<only>\d+)|(?:(?<d>\d+)\.)?(?<h>\d+):(?<m>\d+)(?::(?<s>\d+)(?:\.(?<f>\d{1,7}))?)?|(?<d4>\d+):(?<h4>\d+):(?<m4>\d+):(?<s4>\d+)(?:\.(?<f4>\d{1,7}))?)$/;

/**
 * A length of time as .NET's `TimeSpan.TryParse` reads it, in ms; undefined when it is none. A bare number is days, and
 * so is the first of three numbers when it is 24 or more: `24:00:00` are 24 days.
 */
export function parseTimeSpan(text: string): number | undefined {
  const found = SHAPE.exec(text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, ""));
  if (found === null) return undefined;
  const { only, d, h, m, s, f, d4, h4, m4, s4, f4 } = found.groups ?? {};
  const long = d === undefined && s !== undefined && f === undefined && Number(h) > 23;
  const [days, hours, minutes, seconds] = (
    only !== undefined ? [only] : d4 !== undefined ? [d4, h4, m4, s4] : long ? [h, m, s] : [d, h, m, s]
  ).map((part) => Number(part ?? 0)) as [number, number?, number?, number?];
  if ((hours ?? 0) > 23 || (minutes ?? 0) > 59 || (seconds ?? 0) > 59) return undefined;
  const ms =
    days * DAY +
    (hours ?? 0) * HOUR +
    (minutes ?? 0) * MINUTE +
    (seconds ?? 0) * 1000 +
    Math.trunc(Number(`0.${f ?? f4 ?? 0}`) * 1000);
  if (ms > LONGEST) return undefined;
  return found[1] === undefined ? ms : -ms;
}
