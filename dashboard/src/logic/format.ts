/** How numbers, times and texts are shown. */

/**
 * English digits in groups of three, with three decimals at most. By hand: the first use of `Intl` costs a browser some
 * 50 ms, which is a good part of the first view.
 */
function grouped(value: number): string {
  const [whole = "", part] = String(Number(value.toFixed(3))).split(".");
  const digits = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return part === undefined ? digits : `${digits}.${part}`;
}

export const count = (value: number | undefined | null): string =>
  value === undefined || value === null ? "–" : grouped(value);

const UNITS = ["", "K", "M", "B", "T"];

/** From ten thousand on in short: 12.3K. */
export function shortCount(value: number | undefined | null): string {
  if (value === undefined || value === null) return "–";
  if (value < 10_000) return grouped(value);
  // Tenths of the unit, rounded as whole numbers: 19.15 has no exact double, 191.5 has one.
  const tenths = (unit: number) => Math.round(value / 10 ** (3 * unit - 1));
  let unit = 1;
  while (unit < UNITS.length - 1 && tenths(unit) >= 10_000) unit++;
  return `${tenths(unit) / 10}${UNITS[unit]}`;
}

/** A reward or a difference with its sign, a true minus, and no more digits than matter. */
export function signed(value: number | undefined | null, digits = 2): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return Number(text).toFixed(digits);
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** A measurement with a true minus; without `digits` as short as it is. */
export const figure = (value: number, digits?: number): string =>
  (digits === undefined ? String(Number(value.toPrecision(6))) : value.toFixed(digits)).replace("-", "−");

export const percent = (value: number | undefined | null, digits = 1): string =>
  value === undefined || value === null ? "–" : `${(value * 100).toFixed(digits)} %`;

/** `p = 0.012`, with 1 to 3 digits that matter, also for very small values. */
export function pValue(value: number): string {
  if (value < 0.0001) return "p < 0.0001";
  return `p = ${value < 0.01 ? value.toFixed(4) : value.toFixed(3)}`;
}

export function duration(ms: number | undefined | null): string {
  if (ms === undefined || ms === null || !Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

/** How long ago, in words. */
export function ago(time: string | undefined | null, now: number): string {
  if (!time) return "–";
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return "–";
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400 * 2) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 86_400 * 60) return `${Math.floor(seconds / 86_400)} days ago`;
  return dayOf(time);
}

const pad = (value: number) => String(value).padStart(2, "0");

/** In the reader's own time zone, in the order that sorts. */
export function moment(time: string | undefined | null): string {
  if (!time) return "–";
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return "–";
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}
const dayOf = (time: string): string => moment(time).slice(0, 10);

/** `episodes` of 1 is `episode`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export const words = (name: string): string => name.replaceAll("_", " ");

/** A long id's end makes it unique: `run-1a2b…9f`. */
export function shortId(id: string): string {
  if (id.length <= 22) return id;
  return `${id.slice(0, 14)}…${id.slice(-5)}`;
}

export function bytes(value: number | undefined): string {
  if (value === undefined) return "–";
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(1)} KB`;
  return `${(value / 1024 ** 2).toFixed(1)} MB`;
}

/** A model's name: its beginning says which it is, its end tells it from its siblings. */
export const shortModel = (name: string): string =>
  name.length <= 34 ? name : `${name.slice(0, 24)}…${name.slice(-6)}`;
