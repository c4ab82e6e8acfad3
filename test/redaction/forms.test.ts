import { describe, expect, test } from "@jest/globals";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import { redact } from "../../src/redaction/redact.ts";

const random = seededRandom(12);
const LETTERS = {
  base64: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  url: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
  word: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  lower: "abcdefghijklmnopqrstuvwxyz0123456789",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  hex: "0123456789abcdef",
  digits: "0123456789",
} as const;
const some = (letters: keyof typeof LETTERS, length: number): string =>
  Array.from({ length }, () => LETTERS[letters].charAt(Math.floor(random() * LETTERS[letters].length))).join(
    "",
  );

/** `base64{33}+ASb…`: letters by name and number, everything else as it stands. */
const made = (form: string): string =>
  form.replace(/(base64|url|word|lower|upper|hex|digits)\{(\d+)\}/g, (_whole, letters, length) =>
    some(letters as keyof typeof LETTERS, Number(length)),
  );

const AZURE: Readonly<Record<string, string>> = {
  "a key of Functions": "url{44}AzFuurl{5}A==",
  "a key of Functions without padding": "url{44}AzFuurl{6}",
  "Service Bus": "base64{33}+ASbbase64{6}=",
  "Event Hubs": "base64{33}+AEhbase64{6}=",
  Relay: "base64{33}+ARmbase64{6}=",
  "IoT Hub": "base64{33}AIoTbase64{6}=",
  "Event Grid": "base64{33}AZEGbase64{6}=",
  Redis: "word{33}AzCaword{6}=",
  "AI Search": "word{42}AzSeword{6}",
  "Container Registry": "base64{42}+ACRbase64{6}",
  "AI services": "word{52}JQQJ99word{18}ACOGword{4}",
  DevOps: "word{52}JQQJ99word{18}AZDOword{4}",
  "DevOps, shorter mark": "word{76}AZDOword{4}",
  Storage: "base64{76}+AStbase64{6}==",
  "Cosmos DB": "word{76}ACDbword{6}==",
  Batch: "base64{76}+ABabase64{6}==",
  "API Management": "base64{76}APIMbase64{6}==",
  "64 bytes without a mark": "base64{86}==",
  "a client secret of Entra": "word{3}8Q~url{33}x",
  "a refresh token of Entra": "0.Aurl{70}.Agurl{300}",
};

const VENDORS: Readonly<Record<string, string>> = {
  OpenAI: "sk-proj-word{48}",
  Anthropic: "sk-ant-api03-url{90}AA",
  Groq: "gsk_word{52}",
  Perplexity: "pplx-word{48}",
  Replicate: "r8_word{37}",
  "Hugging Face": "hf_word{34}",
  LangSmith: "lsv2_pt_hex{32}_hex{10}",
  Pinecone: "pcsk_word{5}_word{60}",
  "Bedrock, long": "ABSKbase64{110}==",
  GitHub: "ghp_word{36}",
  "GitHub, fine-grained": "github_pat_word{22}_word{59}",
  GitLab: "glpat-word{20}",
  "GitLab runner": "GR1348941url{20}",
  Atlassian: "ATATT3xFfGFurl{180}=word{8}",
  Bitbucket: "ATBBword{32}",
  npm: "npm_word{36}",
  PyPI: "pypi-AgEIcHlwaS5vcmcurl{80}",
  NuGet: "oy2lower{42}7",
  Docker: "dckr_pat_url{27}",
  Artifactory: "AKCpword{69}",
  Sourcegraph: "sgp_hex{16}_hex{40}",
  SonarQube: "squ_hex{40}",
  CircleCI: "CCIPAT_word{22}_hex{40}",
  Pulumi: "pul-hex{40}",
  Postman: "PMAK-hex{24}-hex{34}",
  AWS: "AKIAupper{16}",
  Google: "AIzaurl{35}",
  "Google, refresh": "1//0url{60}",
  Alibaba: "LTAIword{19}7",
  DigitalOcean: "dop_v1_hex{64}",
  "DigitalOcean, OAuth": "doo_v1_hex{64}",
  "DigitalOcean, refresh": "dor_v1_hex{64}",
  Databricks: "dapihex{32}",
  Heroku: "HRKU-AAurl{58}",
  Fly: "fm2_base64{120}",
  PlanetScale: "pscale_tkn_url{43}",
  Supabase: "sbp_hex{40}",
  Tailscale: "tskey-auth-word{12}CNTRL-word{32}",
  Vault: "hvs.url{95}",
  "Vault, batch": "hvb.url{140}",
  Doppler: "dp.pt.word{43}",
  "1Password": "A3-upper{6}-upper{11}-upper{5}-upper{5}-upper{5}",
  "1Password, service account": "ops_eyJbase64{260}",
  age: "AGE-SECRET-KEY-1upper{58}",
  Grafana: "glsa_word{32}_hex{8}",
  "Grafana Cloud": "glc_base64{60}=",
  "New Relic": "NRAK-upper{27}",
  "New Relic, licence": "hex{36}NRAL",
  Dynatrace: "dt0c01.upper{24}.upper{64}",
  Sentry: "sntryu_hex{64}",
  Terraform: "word{14}.atlasv1.url{67}",
  Slack: "xoxb-digits{12}-digits{12}-word{24}",
  Stripe: "sk_live_word{24}",
  "Stripe webhook": "whsec_base64{32}",
  Shopify: "shpat_hex{32}",
  Shippo: "shippo_live_hex{40}",
  Square: "sq0atp-url{22}",
  Facebook: "EAAMword{120}",
  SendGrid: "SG.url{22}.url{43}",
  Brevo: "xkeysib-hex{64}-word{16}",
  Mailgun: "key-hex{32}",
  Mailchimp: "hex{32}-us12",
  Twilio: "SKhex{32}",
  Telegram: "digits{9}7:AAurl{33}",
  Discord: "MTword{22}.url{6}.word{30}",
  Notion: "ntn_digits{11}word{35}",
  Airtable: "patword{14}.hex{64}",
  Linear: "lin_api_word{40}",
  Figma: "figd_url{40}",
  "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiurl{20}.url{43}",
};

const CONTEXTS: Readonly<Record<string, (secret: string) => unknown>> = {
  "a sentence": (secret) => `what they gave us is ${secret}, so use that`,
  "a text of its own": (secret) => secret,
  "a member called value": (secret) => ({ value: secret }),
  "an environment file": (secret) => `AZURE_OPENAI_KEY=${secret}\nNEXT=1`,
  export: (secret) => `export AZURE_OPENAI_KEY="${secret}"`,
  setx: (secret) => `setx AZURE_OPENAI_KEY "${secret}"`,
  PowerShell: (secret) => `$env:AZURE_OPENAI_KEY = '${secret}'`,
  "key1 and key2": (secret) => ({ key1: secret, key2: secret }),
  "key1 and key2 in a text": (secret) => `keys list: {"key1": "${secret}", "key2": "${secret}"} done`,
  primaryKey: (secret) => ({ primaryKey: secret }),
  "a list of keys by name": (secret) => [{ keyName: "key1", permissions: "FULL", value: secret }],
  "a credential in code": (secret) => `new AzureKeyCredential("${secret}")`,
  "an address": (secret) => `https://f.azurewebsites.net/api/x?code=${secret}`,
  "an address, escaped": (secret) =>
    `https://f.azurewebsites.net/api/x?code=${encodeURIComponent(secret)}&b=1`,
  "JSON that was cut off": (secret) => `{"out":"first\\n${secret}\\nlast`,
  "JSON in a string": (secret) => JSON.stringify({ a: `x\n${secret}` }),
  "a terminal's colours": (secret) => `\u001b[32m${secret}\u001b[0m`,
  YAML: (secret) => `one: ${secret}\nother: 1`,
  Markdown: (secret) => `| first | ${secret} |`,
  CSV: (secret) => `a,${secret},b`,
  XML: (secret) => `<add key="X" value="${secret}"/>`,
  "a code span": (secret) => `run it with \`${secret}\` once`,
  "the name of a member": (secret) => ({ [secret]: 1 }),
};

/** The half of a secret that must not be there, as it stands and as an address has it. */
function isGone(secret: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  const half = secret.slice(Math.ceil(secret.length / 2));
  return !text.includes(half) && !text.includes(encodeURIComponent(half));
}

describe.each([
  ["Azure", AZURE],
  ["a vendor", VENDORS],
])("a key of %s that has a form of its own", (_who, forms) => {
  test.each(Object.entries(forms))("%s goes in every context", (_name, form) => {
    const left = Object.entries(CONTEXTS).flatMap(([context, put]) => {
      const secrets = Array.from({ length: 4 }, () => made(form));
      return secrets.filter((secret) => !isGone(secret, redact(put(secret)).value)).map(() => context);
    });
    expect(left).toEqual([]);
  });
});

describe("addresses that open something", () => {
  test.each([
    ["https://hooks.slack.com/services/T0123/B0123/aB3aB3aB3aB3", "aB3aB3"],
    ["https://discord.com/api/webhooks/123456789012345678/aB3_aB3-aB3aB3aB3aB3", "aB3_aB3"],
    ["https://acme.webhook.office.com/webhookb2/5f0c7d-11@5f0c-22/IncomingWebhook/abc/def", "5f0c7d-11"],
    ["https://x/runtime/webhooks/durabletask/instances?taskHub=a&code=q7Zabcdefghij0123456789", "q7Zabc"],
    ['{"url":"https://x/api?a=1\\u0026code=q7Zabcdefghij0123456789"', "q7Zabc"],
    ["https://login.example/cb?code=q7Zabcdefghij0123456789&state=1", "q7Zabc"],
  ])("%s", (text, secret) => {
    expect(redact(text).value).not.toContain(secret);
  });

  test("a code that is a word stays", () => {
    const text = "https://x.example/errors?code=authentication_required&retry=1";
    expect(redact(text).value).toBe(text);
  });
});
