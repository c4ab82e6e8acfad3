import type { ReplyOf } from "../../../operations.ts";
import { facts, list, member, plain } from "../layout.ts";

/** What a training would cost; also shown before one is started. */
export function estimateText(body: ReplyOf<"estimateTraining">): string[] {
  const cost = body.cost_usd;
  const price = body.price;
  const money = (value: unknown) => (typeof value === "number" ? `$${value.toFixed(2)}` : plain(value));
  const span = (value: unknown, show: (one: unknown) => string = plain) =>
    member(value, "low") === member(value, "high")
      ? show(member(value, "low"))
      : `${show(member(value, "low"))} to ${show(member(value, "high"))}`;
  const full = list(body.limits).filter((one) => one.within === false);
  return [
    "💰 Estimate:",
    ...facts([
      ["Base model", body.base_model],
      ["Examples", body.examples],
      ["Tokens an epoch", body.tokens_per_epoch],
      ["Epochs", span(body.n_epochs)],
      ["Training tokens (the dataset's count)", span(body.training_tokens)],
      [
        "Price",
        typeof price === "object"
          ? `${money(member(price, "usd"))} per ${plain(member(price, "per"))} (${plain(member(price, "source"))}, ${plain(member(price, "as_of"))})`
          : "unknown",
      ],
      ["Cost", typeof cost === "object" ? span(cost, money) : "unknown"],
      ...list(body.hosting).map(
        (one) =>
          [
            `Hosting (${plain(one.sku)})`,
            `${money(one.usd_per_month)} a month (${plain(one.source)}, ${plain(one.as_of)})`,
          ] as const,
      ),
      [
        "Within the limits",
        body.within_limits === true ? "yes" : body.within_limits === false ? "no" : "unknown",
      ],
    ]),
    ...full.map(
      (one) => `   ⚠️  ${plain(one.name)}: ${plain(one.wanted)} where ${plain(one.limit)} is the limit`,
    ),
    ...(Array.isArray(body.notes) ? (body.notes as unknown[]).map((one) => `   - ${plain(one)}`) : []),
  ];
}
