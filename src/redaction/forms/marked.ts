/**
 * Keys with their mark inside or at the end, and those that have other characters than words soon behind it.
 * Microsoft's lie at fixed places, so that scanners can tell them (its published rules: `microsoft/security-utilities`,
 * and the sensitive information types of Purview).
 */
export interface Marked {
  readonly kind: string;
  /** Three or four letters are found fastest. */
  readonly mark: string;
  /** Characters of the key before its mark: the most and, where it may have fewer, the least. */
  readonly before: number;
  readonly least?: number;
  /** The whole key. */
  readonly whole: RegExp;
  /** Only where no letter, digit, `+` or `/` stands before it: others have this form at their end. */
  readonly alone?: true;
}

const B64 = "A-Za-z0-9+/";
const WORD = "A-Za-z0-9";

/** `before` characters of an alphabet, the mark, `after` characters, padding. */
function azure(mark: string, letters: string, before: number, after: number, padding = ""): Marked {
  const escaped = mark.replace("+", "\\+");
  return {
    kind: "azure_key",
    mark,
    before,
    whole: new RegExp(
      `[${letters}]{${before}}${escaped}[${letters}]{${after}}${padding}(?![=${letters}])`,
      "y",
    ),
  };
}

const AZURE: readonly Marked[] = [
  azure("AzFu", "A-Za-z0-9_-", 44, 6, "(?:={2}|(?:%3[dD]){2})?"), // Functions: host, function, system keys
  azure("+ASb", B64, 33, 6, "="), // Service Bus
  azure("+AEh", B64, 33, 6, "="), // Event Hubs
  azure("+ARm", B64, 33, 6, "="), // Relay
  azure("AIoT", B64, 33, 6, "="), // IoT Hub, Device Provisioning
  azure("AZEG", B64, 33, 6, "="), // Event Grid
  azure("AzCa", B64, 33, 6, "="), // Redis
  azure("AzSe", WORD, 42, 6), // AI Search
  azure("+ACR", B64, 42, 6), // Container Registry
  azure("+ASt", B64, 76, 6, "=="), // Storage
  azure("ACDb", B64, 76, 6, "=="), // Cosmos DB
  azure("+ABa", B64, 76, 6, "=="), // Batch
  azure("+AMC", B64, 76, 6, "=="), // Machine Learning
  azure("APIM", B64, 76, 6, "=="), // API Management
  azure("JQQJ99", "A-Za-z0-9+/_-", 52, 26, "={0,2}"), // 84 characters: AI services, DevOps and what follows
  azure("AZDO", WORD, 76, 4), // DevOps
  // A client secret of an app registration.
  {
    kind: "azure_key",
    mark: "Q~",
    before: 4,
    whole: /[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~-])/y,
  },
];

/** A key of a vendor that is told by what stands `before` the mark and by the mark with what follows. */
const key = (
  mark: string,
  before: string,
  rest: string,
  length: number,
  more: Partial<Marked> = {},
): Marked => ({
  kind: "api_key",
  mark,
  before: length,
  whole: new RegExp(before + mark.replace(/[.+$/|]/g, "\\$&") + rest, "y"),
  alone: true,
  ...more,
});

const VENDORS: readonly Marked[] = [
  key("v1.", "[A-Za-z0-9]{14}\\.atlas", "[A-Za-z0-9_=-]{60,}", 20), // Terraform
  key("-us", "[0-9a-f]{32}", "\\d{1,2}(?!\\w)", 32), // Mailchimp
  key("_mmk", "[A-Za-z0-9]{6}_[A-Za-z0-9]{29}", "(?!\\w)", 36), // MaxMind
  key("NRAL", "[A-Za-z0-9]{36}", "(?!\\w)", 36), // New Relic
  key(":AA", "\\d{8,10}", "[A-Za-z0-9_-]{32,35}(?![A-Za-z0-9])", 10, { least: 8 }), // Telegram
  key("ABSK", "", "[A-Za-z0-9+/]{80,}={0,2}", 0), // Bedrock
  key("ops_eyJ", "", "[A-Za-z0-9+/_-]{100,}={0,3}", 0), // 1Password
  key("glc_", "", "[A-Za-z0-9+/]{32,}={0,3}", 0), // Grafana Cloud
  key("fm1r_", "", "[A-Za-z0-9+/]{60,}={0,3}", 0), // Fly
  key("fm1a_", "", "[A-Za-z0-9+/]{60,}={0,3}", 0),
  key("fm2_", "", "[A-Za-z0-9+/]{60,}={0,3}", 0),
  key("pscale_", "", "(?:tkn|oauth|pw)_[A-Za-z0-9_=.-]{32,}", 0), // PlanetScale
  key("dG9rO", "", "[A-Za-z0-9+/]{50,}={0,2}", 0), // Intercom
  key("access_token$", "", "(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-f]{32}", 0), // Braintree
  key("256~", "sha", "[A-Za-z0-9_-]{43,}", 3), // OpenShift
  key("_gitlab_session=", "", "[0-9a-z]{32}", 0, { kind: "gitlab_token" }),
  key("whsec_", "", "[A-Za-z0-9+/=]{16,}", 0, { kind: "stripe_key" }),
  key("1//0", "", "[A-Za-z0-9_-]{30,}", 0, { kind: "google_key" }), // OAuth, refresh
  { kind: "google_key", mark: ":APA", before: 0, whole: /:APA91b[A-Za-z0-9_-]{60,}/y }, // Firebase
  key("ZXlK", "", "[A-Za-z0-9+/]{60,}={0,2}", 0, { kind: "jwt" }), // a JWT, encoded once more
];

export const MARKED: readonly Marked[] = [...AZURE, ...VENDORS];

/** 64 bytes in base64: keys of Azure that are older than their marks, and SHA-512 digests. */
export const BYTES_64: Marked = {
  kind: "azure_key",
  mark: "==",
  before: 86,
  whole: /[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])/y,
  alone: true,
};
