/** Invented secrets: made of seeded letters, so that none of them opens anything. */
type Random = () => number;

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const ALPHANUMERIC = LOWER + UPPER + DIGITS;
const BASE64 = `${ALPHANUMERIC}+/`;
const BASE64_URL = `${ALPHANUMERIC}-_`;
const HEX = `${DIGITS}abcdef`;

function letters(random: Random, from: string, length: number): string {
  let out = "";
  for (let i = 0; i < length; i++) out += from[Math.floor(random() * from.length)] ?? "";
  return out;
}
/** As random as its length says, and never without a small letter, a capital and a digit. */
function mixed(random: Random, from: string, length: number): string {
  return (
    letters(random, from, length - 3) +
    letters(random, LOWER, 1) +
    letters(random, DIGITS, 1) +
    letters(random, UPPER, 1)
  );
}

export type Form = (random: Random) => string;

/** What stands behind a label: nothing in it says that it is a secret. The last is made up by a person. */
export const LABELLED_FORMS: readonly Form[] = [
  (random) => mixed(random, ALPHANUMERIC, 20),
  (random) => letters(random, HEX, 32),
  (random) => letters(random, HEX, 40),
  (random) => `${mixed(random, ALPHANUMERIC, 43)}=`,
  (random) =>
    `${letters(random, UPPER, 1)}${letters(random, LOWER, 5)}-${letters(random, DIGITS, 4)}${letters(random, LOWER, 3)}`,
];

/** A form of Azure's. `mark`: it is told wherever it stands; the others look like any hash and need a label or a neighbour. */
export interface AzureForm {
  readonly name: string;
  readonly mark: boolean;
  readonly make: Form;
}

/** 32 bytes in base64 with a mark: `…<mark>` and a check sum. */
const annotated =
  (from: string, mark: string): Form =>
  (random) =>
    `${letters(random, from, 33)}${mark}${letters(random, "ABCDEFGHIJKLMNOP", 1)}${letters(random, from, 5)}=`;
const annotated64 =
  (mark: string): Form =>
  (random) =>
    `${letters(random, BASE64, 76)}${mark}${letters(random, BASE64, 5)}${letters(random, "AQgw", 1)}==`;

export const AZURE_FORMS: readonly AzureForm[] = [
  {
    name: "functions key",
    mark: true,
    make: (random) =>
      `${letters(random, BASE64_URL, 44)}AzFu${letters(random, BASE64_URL, 5)}${letters(random, "AQgw", 1)}==`,
  },
  { name: "service bus", mark: true, make: annotated(BASE64, "+ASb") },
  { name: "event hubs", mark: true, make: annotated(BASE64, "+AEh") },
  { name: "relay", mark: true, make: annotated(BASE64, "+ARm") },
  { name: "iot hub", mark: true, make: annotated(BASE64, "AIoT") },
  { name: "event grid", mark: true, make: annotated(BASE64, "AZEG") },
  { name: "redis", mark: true, make: annotated(ALPHANUMERIC, "AzCa") },
  {
    name: "search",
    mark: true,
    make: (random) =>
      `${letters(random, ALPHANUMERIC, 42)}AzSe${letters(random, "ABCD", 1)}${letters(random, ALPHANUMERIC, 5)}`,
  },
  {
    name: "container registry",
    mark: true,
    make: (random) =>
      `${letters(random, BASE64, 42)}+ACR${letters(random, "ABCD", 1)}${letters(random, BASE64, 5)}`,
  },
  { name: "storage", mark: true, make: annotated64("+ASt") },
  { name: "batch", mark: true, make: annotated64("+ABa") },
  { name: "cosmos", mark: true, make: annotated64("ACDb") },
  { name: "api management", mark: true, make: annotated64("APIM") },
  {
    name: "ai services",
    mark: true,
    make: (random) =>
      `${letters(random, ALPHANUMERIC, 52)}JQQJ99${letters(random, "BCD", 1)}${letters(random, "ABCDEFGHIJKL", 1)}${letters(random, ALPHANUMERIC, 12)}ACOG${letters(random, ALPHANUMERIC, 8)}`,
  },
  {
    name: "devops",
    mark: true,
    make: (random) =>
      `${letters(random, ALPHANUMERIC, 52)}JQQJ99${letters(random, "BCD", 1)}${letters(random, "ABCDEFGHIJKL", 1)}${letters(random, ALPHANUMERIC, 12)}AZDO${letters(random, ALPHANUMERIC, 8)}`,
  },
  {
    name: "entra client secret",
    mark: true,
    make: (random) => `${mixed(random, ALPHANUMERIC, 3)}8Q~${mixed(random, `${ALPHANUMERIC}_~.-`, 34)}`,
  },
  {
    name: "storage key of 64 bytes",
    mark: false,
    make: (random) => `${letters(random, BASE64, 85)}${letters(random, "AQgw", 1)}==`,
  },
  { name: "openai key of 32 hex", mark: false, make: (random) => letters(random, HEX, 32) },
  { name: "devops token of 52", mark: false, make: (random) => letters(random, `${LOWER}234567`, 52) },
  {
    name: "refresh token",
    mark: false,
    make: (random) => `0.A${mixed(random, BASE64_URL, 60)}.${mixed(random, BASE64_URL, 300)}`,
  },
  {
    name: "sas signature",
    mark: false,
    make: (random) => `${mixed(random, ALPHANUMERIC, 20)}%2F${mixed(random, ALPHANUMERIC, 22)}%3D`,
  },
  { name: "speech key of 32 hex", mark: false, make: (random) => letters(random, HEX, 32) },
];

/** Forms that their vendors marked. */
export const VENDOR_FORMS: Readonly<Record<string, Form>> = {
  openai: (random) => `sk-proj-${mixed(random, BASE64_URL, 48)}`,
  aws: (random) => `AKIA${letters(random, `${UPPER}234567`, 16)}`,
  github: (random) => `ghp_${letters(random, ALPHANUMERIC, 36)}`,
  "github fine-grained": (random) =>
    `github_pat_${letters(random, ALPHANUMERIC, 22)}_${letters(random, ALPHANUMERIC, 59)}`,
  gitlab: (random) => `glpat-${mixed(random, ALPHANUMERIC, 20)}`,
  slack: (random) => `xoxb-${letters(random, DIGITS, 12)}-${letters(random, ALPHANUMERIC, 24)}`,
  google: (random) => `AIza${letters(random, BASE64_URL, 35)}`,
  stripe: (random) => `sk_live_${letters(random, ALPHANUMERIC, 24)}`,
  npm: (random) => `npm_${mixed(random, ALPHANUMERIC, 36)}`,
  "hugging face": (random) => `hf_${letters(random, LOWER + UPPER, 34)}`,
  sendgrid: (random) => `SG.${letters(random, BASE64_URL, 22)}.${letters(random, BASE64_URL, 43)}`,
  jwt: (random) =>
    `eyJhbGciOiJIUzI1NiJ9.eyJ${letters(random, BASE64_URL, 40)}.${letters(random, BASE64_URL, 43)}`,
};
