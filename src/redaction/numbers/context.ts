/** What stands around a number, without the placeholders of what was found there: their kinds are no words of the text. */
const PLACEHOLDER = /\[REDACTED[^\]]{0,80}\]?|^[^[\]]{0,40}\](?=.{0,60}$)/g;

export const nearBefore = (text: string, at: number, length: number): string =>
  withoutPlaceholders(text.slice(Math.max(0, at - length), at));

export const nearBehind = (text: string, at: number, length: number): string =>
  withoutPlaceholders(text.slice(at, at + length));

const withoutPlaceholders = (near: string): string =>
  near.includes("]") || near.includes("[") ? near.replace(PLACEHOLDER, "") : near;

/** What follows these names a thing and pays for nothing. */
const AN_ID =
  /(?:\b|_)(?:ids?|[ugim]uid|guid|orders?|tickets?|invoices?|traces?|spans?|requests?|calls?|sessions?|messages?|tracking|parcel|shipment|issues?|builds?|jobs?|runs?|serial|imei|iccid|sku|ean|upc|isbn|hash|commit|timestamp|epoch|nonce|seed|offset|row|ref(?:erence)?|key|№)(?:["']?\s{0,2}[:=#]?\s{0,2}["']?|[ _](?:no\.?|nr\.?|number|id)["']?\s{0,2}[:=#]?\s{0,2}["']?|\s(?:is|was)\s)$|(?:#|[/=_-])$/i;

/** Whether a word for an id stands right before a number: `order 4111…`, `"trace_id": "…`, `run-…`. */
export const isBehindId = (text: string, at: number): boolean => AN_ID.test(nearBefore(text, at, 40));

/** Whether a number is a part of a hexadecimal dump: groups of four before it and behind it, with letters among them. */
export function isAmongHex(text: string, start: number, end: number): boolean {
  const around = [
    /(?:^|[\s:])([0-9a-f]{4}) $/i.exec(text.slice(Math.max(0, start - 6), start)),
    /^ ([0-9a-f]{4})(?:\s|$)/i.exec(text.slice(end, end + 6)),
  ];
  return around.some((near) => near !== null && /[a-f]/i.test(near[1] ?? ""));
}
