const METHODS = ["supervised", "dpo", "reinforcement"] as const;
export type Method = (typeof METHODS)[number];
export const PROVIDERS = ["azure", "openai", "local"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** What a provider asks of training files for a model and a method. Data, because the sources disagree and change. */
export interface Capability {
  readonly provider: ProviderName;
  /** The model's family: its name up to the date. `*` stands for every other model. */
  readonly model: string;
  readonly methods: readonly Method[];
  /** Whether parts with `image_url` are taken. */
  readonly images: boolean;
  /** Pictures that one example may have; 64 when absent. */
  readonly most_images?: number;
  /** `required` for deployments that hold to the documents' letter; files without a mark are taken in practice. */
  readonly byte_order_mark: "optional" | "required";
  readonly fewest_examples: number;
  readonly most_bytes: number;
  /** From here on files are known to fail within the job. */
  readonly large_bytes: number;
  /** Longest example in tokens; longer ones are cut by the service, so they are left out here. */
  readonly example_tokens: number;
  /** Training tokens times epochs. */
  readonly most_tokens: number | undefined;
  readonly developer_role: boolean;
  /** Where the row is from, and the day it was read. */
  readonly source: string;
  readonly as_of: string;
}

const MB = 1_000_000;
const AZURE = {
  provider: "azure",
  images: false,
  byte_order_mark: "optional",
  fewest_examples: 10,
  most_bytes: 512 * MB,
  large_bytes: 150 * MB,
  example_tokens: 65_536,
  most_tokens: 2_000_000_000,
  developer_role: true,
  source: "learn.microsoft.com: fine-tuning, supported models, quotas and limits",
  as_of: "2026-10-06",
} as const;
const azure = (model: string, methods: readonly Method[], more: Partial<Capability> = {}): Capability => ({
  ...AZURE,
  model,
  methods,
  ...more,
});

/** The first row that fits counts. An own table may be put before it. */
export const CAPABILITIES: readonly Capability[] = [
  // Images: the documents on vision name gpt-4o and gpt-4.1 alone.
  azure("gpt-4o-mini", ["supervised"]),
  azure("gpt-4o", ["supervised", "dpo"], { images: true }),
  azure("gpt-4.1", ["supervised", "dpo"], { images: true }),
  azure("gpt-4.1-mini", ["supervised", "dpo"], { example_tokens: 128_000 }),
  azure("gpt-4.1-nano", ["supervised", "dpo"], { example_tokens: 128_000 }),
  azure("o4-mini", ["reinforcement"]),
  azure("gpt-5", ["reinforcement"]),
  azure("mai-code-1.1-flash", ["reinforcement"]),
  azure("muse-glimmer-30b", ["supervised", "reinforcement"]),
  azure("qwen3.6-35b-a3b", ["supervised", "reinforcement"]),
  azure("qwen3.8-27b", ["supervised", "reinforcement"]),
  azure("gpt-oss-120b", ["supervised", "reinforcement"]),
  azure("gpt-oss-20b", ["supervised"]),
  azure("llama-3.3-70b-instruct", ["supervised"], { developer_role: false }),
  azure("qwen3-32b", ["supervised"], { developer_role: false }),
  azure("ministral-3b", ["supervised"], { developer_role: false }),
  azure("gpt-35-turbo", ["supervised"], { example_tokens: 16_385, developer_role: false }),
  azure("*", METHODS, { source: "limits of the service; the model is not in the table" }),
  {
    ...AZURE,
    provider: "openai",
    model: "*",
    methods: METHODS,
    images: true,
    most_images: 10,
    most_tokens: undefined,
    source: "platform.openai.com: fine-tuning guides",
  },
  {
    ...AZURE,
    provider: "local",
    model: "*",
    methods: METHODS,
    most_tokens: undefined,
    source: "docs/local-provider.md#training-files",
  },
];

/** A model's family: without the date, the version and what a tuned model's name adds. */
export const familyOf = (model: string): string =>
  model
    .toLowerCase()
    .replace(/\.ft-.*$/, "")
    .replace(/^ft:([^:]+):.*$/, "$1")
    .replace(/-\d{4}-\d{2}-\d{2}$/, "")
    .replace(/-\d{4}$/, "");

/** What holds for a model at a provider. */
export function capabilityOf(
  provider: ProviderName,
  model: string | undefined,
  table: readonly Capability[] = CAPABILITIES,
): Capability {
  const family = model === undefined ? "*" : familyOf(model);
  const rows = table.filter((row) => row.provider === provider);
  const found = rows.find((row) => row.model === family) ?? rows.find((row) => row.model === "*");
  if (found === undefined) throw new Error(`The table has no row for ${provider}.`);
  return found;
}
