/**
 * Keys that their makers gave a mark at the beginning: what is found is any of `starts` where a word begins, followed by
 * `rest`. Prefixes, alphabets and lengths are facts that the vendors publish for scanners of secrets; lengths are taken
 * as the least, so that a longer key leaves no tail. Mark and rest begin with thirteen letters, digits, `_`, `-` or `.` at least
 * (`find.ts`); what has other characters sooner stands in `marked.ts`. A repetition without an upper bound stands last, or the form is
 * `alone`: only so is the search linear.
 */
export interface Form {
  readonly kind: string;
  /** One mark or several with the same rest, separated by blanks; two characters at least, the first a letter or digit. */
  readonly starts: string;
  /** A regular expression for what follows the mark. */
  readonly rest: string;
  /** The mark is a syllable that words begin with too: what follows has to look made by chance. */
  readonly random?: true;
  /** Not behind `-` or `_`, where words go on, nor behind `+` or `/`, where base64 does. */
  readonly alone?: true;
}

const key = (starts: string, rest: string, more: Partial<Form> = {}): Form => ({
  kind: "api_key",
  starts,
  rest,
  ...more,
});
const of = (kind: string, starts: string, rest: string, more: Partial<Form> = {}): Form =>
  key(starts, rest, { kind, ...more });
const END = "(?![A-Za-z0-9])";
const UUID = "[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}";

/** Models and what agents are built of. */
const MODELS: readonly Form[] = [
  key("sk-", "[A-Za-z0-9_-]{10,}", { random: true, alone: true }), // OpenAI, Anthropic, OpenRouter, DeepSeek, LiteLLM
  key("sk_", "[0-9a-f]{32,}|(?:pr|pat)_[A-Za-z0-9_]{24,}", { random: true }), // ElevenLabs, IEX, PhotoRoom
  key("gsk_ xai- jina_ nvapi- csk- pcsk_ fw_ tgp_v1_ esecret_", "[A-Za-z0-9_-]{20,}", { random: true }),
  key("pplx-", "[A-Za-z0-9]{40,}"),
  key("r8_", "[A-Za-z0-9]{36,}"), // Replicate
  key("hf_ api_org_", "[A-Za-z0-9]{20,}"),
  key("lsv2_pt_ lsv2_sk_ ls__", "[a-f0-9_]{32,}"), // LangSmith
  key("tvly- apify_api_ e2b_", "[A-Za-z0-9-]{20,}", { random: true }),
  key("fc-", `[0-9a-f]{32}${END}`), // Firecrawl
  key("pa-", `[A-Za-z0-9_-]{43}${END}`, { random: true, alone: true }), // Voyage
  key("bedrock-api-key-", "[A-Za-z0-9+/=_-]{20,}"),
  key("local-", `[0-9a-f]{48}${END}`), // the local provider of this product
];

/** Where code is kept, built, checked and published. */
const CODE: readonly Form[] = [
  of("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{16,}"),
  of("github_token", "github_pat_", "[A-Za-z0-9_]{16,}"),
  of(
    "gitlab_token",
    "glpat- gldt- glrt- glrtr- glptt- glcbt- glft- glsoat- glagent- glimt- gloas- glffct- glwt-",
    "[A-Za-z0-9_.-]{16,}",
    { random: true },
  ),
  of("gitlab_token", "GR1348941", "[A-Za-z0-9_-]{20,}"),
  key("ATATT3 ATCTT3 ATSTT3", "[A-Za-z0-9_=-]{50,}"), // Atlassian
  key("ATBB", `[A-Za-z0-9]{32}(?:[0-9A-F]{8})?${END}`), // Bitbucket
  of("npm_token", "npm_", "[A-Za-z0-9]{20,}", { random: true }),
  key("pypi-", "[A-Za-z0-9_-]{30,}", { random: true }),
  key("rubygems_", "[a-f0-9]{32,}"),
  key("CLOJARS_", "[A-Za-z0-9]{60}"),
  key("oy2", `[a-z0-9]{43}${END}`, { random: true, alone: true }), // NuGet
  key("cio", `[A-Za-z0-9]{32}${END}`, { random: true, alone: true }), // crates.io
  key("dckr_pat_ dckr_oat_", "[A-Za-z0-9_-]{20,}"),
  key("AKCp", `[A-Za-z0-9]{69}${END}`), // Artifactory
  key("cmVmd", `[A-Za-z0-9]{59}${END}`), // Artifactory, reference tokens
  key("sgp_ slk_ sgd_", "(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40,}"), // Sourcegraph
  key("sqp_ squ_ sqa_", "[a-f0-9]{40}"), // SonarQube
  key("sqco_", "[A-Za-z0-9]{50,}"), // SonarCloud
  key("ptr_", "[A-Za-z0-9_-]{38,}"), // Portainer
  key("rootly_", "[a-f0-9]{60,}"),
  key("CCIPAT_ CCIPRJ_", "[A-Za-z0-9_]{40,}"), // CircleCI
  key("bkua_ bkct_ bkaj_", "[A-Za-z0-9]{40,}"), // Buildkite
  key("pul-", "[a-f0-9]{40}"), // Pulumi
  key("ico-", `[A-Za-z0-9]{32}${END}`, { random: true, alone: true }), // Infracost
  key("API-", `[A-Z0-9]{25,32}${END}`, { random: true, alone: true }), // Octopus Deploy
  key("pat. sat.", "[A-Za-z0-9_-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}"), // Harness
  key("PMAK- PMAT-", "[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}|[A-Za-z0-9]{26,}"), // Postman
  key("rdme_", "[a-z0-9]{50,}"),
  key("pnu_ pnb_", `[A-Za-z0-9]{36}${END}`, { random: true }), // Prefect
  key("dbtc_ dbtu_", "[A-Za-z0-9_-]{30,}"),
  key("sdk- api- mob-", UUID), // LaunchDarkly
];

/** Clouds, databases, networks, observability, and where secrets are kept. */
const CLOUDS: readonly Form[] = [
  of("azure_key", "0.A 1.A", "[A-Za-z0-9_-]{30,}(?:\\.[A-Za-z0-9_-]{8,}){0,3}", { random: true }), // codes and refresh tokens of Entra
  of("azure_key", "M.C", "\\d{1,4}_[A-Z0-9]{2,4}\\.[A-Za-z0-9.!*$_-]{30,}"), // the same of personal accounts
  of("aws_access_key", "AKIA ASIA ABIA ACCA A3T", `[A-Z0-9]{16,17}${END}`),
  of("google_key", "AIza", "[A-Za-z0-9_-]{30,}"),
  of("google_key", "ya29. GOCSPX-", "[A-Za-z0-9_-]{16,}", { random: true }),
  key("LTAI", "[A-Za-z0-9]{12,}", { random: true, alone: true }), // Alibaba
  key("AKID", `[A-Za-z0-9]{32}${END}`), // Tencent
  key("AQVN", "[A-Za-z0-9_-]{35,}"), // Yandex
  key("SCW", `[A-Z0-9]{17}${END}`, { random: true, alone: true }), // Scaleway
  key("akab-", "[a-z0-9]{16}-[a-z0-9]{16}"), // Akamai
  key("dop_v1_ doo_v1_ dor_v1_", "[A-Fa-f0-9]{32,}"), // DigitalOcean
  key("v1.0-", "[a-f0-9]{24}-[a-f0-9]{146}"), // Cloudflare Origin CA
  key("dapi dkea dose", `[a-f0-9]{32}(?:-\\d)?${END}`), // Databricks
  key("HRKU-", "[A-Za-z0-9_-]{30,}"), // Heroku
  key("fo1_", "[A-Za-z0-9_-]{43}"), // Fly
  key("nfp_ rnd_ napi_ sbp_ sb_secret_", "[A-Za-z0-9_-]{20,}", { random: true }), // Netlify, Render, Neon, Supabase
  key("vercel_blob_rw_ vcp_ vci_ vca_ vcr_", "[A-Za-z0-9_]{24,}", { random: true }),
  key("CCDB1_", "[A-Za-z0-9_]{40,}"), // CockroachDB
  key("mdb_sa_sk_", "[A-Za-z0-9_-]{40,}"), // MongoDB Atlas
  key("4b1d", `[A-Za-z0-9]{38}${END}`, { random: true }), // ClickHouse
  key("tskey-", "[a-z]{3,12}-[A-Za-z0-9-]{16,}"), // Tailscale
  key("dnkey-", "[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}"), // Defined Networking
  key("hvs. hvb. hvr.", "[A-Za-z0-9_-]{20,}"), // Vault
  key("s.", `(?=[A-Za-z]{0,23}\\d)(?=[A-Z0-9]{0,23}[a-z])(?=[a-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24}${END}`), // Vault before 1.10
  key("dp.", "(?:pt|st|ct|sa|scim|audit)\\.(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}"), // Doppler
  key("A3-", "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"), // 1Password
  key("AGE-SECRET-KEY-1", "[A-Z0-9]{58}"),
  key("glsa_", "[A-Za-z0-9_]{32,}"), // Grafana
  key("eyJrIjoi eyJhIjoi", "[A-Za-z0-9+/]{60,}={0,3}(?![.])"), // Grafana before 9, tunnels of Cloudflare
  key("NRAK- NRII- NRIQ- NRRA- NRSP-", "[A-Za-z0-9_-]{24,}"), // New Relic
  key("NRJS- NRBR-", "[a-f0-9]{19}"),
  key("dt0c01. dt0s01. dt0s16.", "[A-Za-z0-9]{8,24}\\.[A-Za-z0-9]{64}"), // Dynatrace
  key("sntrys_ sntryu_", "[A-Za-z0-9+/=_]{40,}"), // Sentry
  key("hcaik_ hcxik_ hcamk_ hcxlk_", "[A-Za-z0-9]{32,}"), // Honeycomb
  key("phx_ phs_", "[A-Za-z0-9]{40,}"), // PostHog
];

/** What people write, send, pay and talk with. */
const OFFICE: readonly Form[] = [
  of("slack_token", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp-", "[A-Za-z0-9-]{8,}"),
  of(
    "stripe_key",
    "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ pk_live_ pk_test_",
    "[A-Za-z0-9]{10,}",
  ),
  key("shpat_ shpca_ shppa_ shpss_", "[A-Fa-f0-9]{20,}"), // Shopify
  key("shippo_live_ shippo_test_", "[A-Fa-f0-9]{40}"),
  key("EAAA sq0atp- sq0csp-", "[A-Za-z0-9_-]{22,}", { random: true, alone: true }), // Square
  key("EAA IGQ", "[A-Za-z0-9_]{90,}", { alone: true }), // Facebook, Instagram
  key("EZAK EZTK", `[A-Za-z0-9]{54}${END}`), // EasyPost
  key("FLWSECK_TEST- FLWSECK- FLWPUBK_TEST- FLWPUBK-", "[A-Za-z0-9]{12,32}(?:-X)?"),
  key("rzp_live_ rzp_test_", "[A-Za-z0-9]{14}"),
  key("duffel_live_ duffel_test_", "[A-Za-z0-9_=-]{40,}"),
  key("access-", `(?:sandbox|development|production)-${UUID}`), // Plaid
  key("sm_aat_ sm_pat_ sm_sat_", "[A-Za-z0-9]{16,}"), // SettleMint
  key("SG.", "[A-Za-z0-9_-]{16,100}\\.[A-Za-z0-9_-]{16,}"), // SendGrid
  key("xkeysib- xsmtpsib-", "[a-f0-9]{64}-[A-Za-z0-9]{16}"), // Brevo
  key("key-", `[0-9a-z]{32}${END}`, { random: true }), // Mailgun
  key("re_", `[A-Za-z0-9]{8}_[A-Za-z0-9]{20,24}${END}`), // Resend
  key("SK", `[0-9a-fA-F]{32}${END}`), // Twilio
  key("ntn_", "[0-9]{11}[A-Za-z0-9]{35}"), // Notion
  key("secret_", `[A-Za-z0-9]{43}${END}`, { random: true }),
  key("pat", "[A-Za-z0-9]{14}\\.[a-f0-9]{64}"), // Airtable
  key("pat-", `[a-z]{2}\\d-${UUID}`), // HubSpot
  key("lin_api_ lin_oauth_", "[A-Za-z0-9]{20,}"),
  key("figd_ figo_ figu_", "[A-Za-z0-9_-]{30,}"),
  key("tfp_", "[A-Za-z0-9_.=-]{40,}"), // Typeform
  key("CFPAT-", "[A-Za-z0-9_-]{43}"), // Contentful
  key("p8e-", "[A-Za-z0-9]{32}"), // Adobe
  key("fio-u-", "[A-Za-z0-9_=-]{64}"),
  key("pk_", `\\d{5,12}_[A-Z0-9]{32}${END}`), // ClickUp
  key("00D", "[A-Za-z0-9]{12,15}![A-Za-z0-9._]{80,}"), // Salesforce
  key("live_ test_", `[0-9a-f]{35}${END}`), // Lob
  key("api_", `[A-Za-z0-9.]{40,50}${END}`, { random: true }), // Close
  key("alcht_", "[A-Za-z0-9]{30}"), // Alchemy
  key("KEY", `(?=[A-Za-z0-9]{0,40}\\d)[A-Za-z0-9_-]{55}${END}`, { random: true, alone: true }), // Telnyx
  key("tkn.v1_", "[A-Za-z0-9+/=_-]{40,}"), // Teamwork
  key("sl.", "(?:u\\.)?[A-Za-z0-9_-]{100,}"), // Dropbox
  key("syt_", "[A-Za-z0-9]{4,60}_[A-Za-z0-9]{20}_[A-Za-z0-9]{6}"), // Matrix
  key("MT MD Mj Mz ND NT Nj Nz OD OT", "[A-Za-z0-9]{21,25}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,}"), // Discord
  key("AAAAAAAAAAAAAAAAAAAAA", "[A-Za-z0-9]{8,40}%[0-9A-F]{2}[A-Za-z0-9%]{30,}"), // X
  key("s-s4t2ud- s-s4t2af-", "[a-f0-9]{64}"), // 42
  key("tk-us-", "[A-Za-z0-9_-]{48}"), // Scalingo
  key(
    "sc_ ext_ scauth_ authress_",
    "[A-Za-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-][a-z0-9-]{10,32}\\.[A-Za-z0-9+/_=-]{30,}",
  ),
];

/** Signed tokens of anybody. */
const SIGNED: readonly Form[] = [
  of("jwt", "eyJ", "[A-Za-z0-9_-]{5,}\\.[A-Za-z0-9_-]{5,}(?:\\.[A-Za-z0-9_-]*){0,3}", { alone: true }),
];

export const VENDOR_FORMS: readonly Form[] = [...MODELS, ...CODE, ...CLOUDS, ...OFFICE, ...SIGNED];
