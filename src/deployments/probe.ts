import { isLightningError, messageOf } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";

/**
 * `not_ready`: it may answer later. `missing`: the provider knows no such deployment or model, which is what one in the
 * making answers too. `away`: the provider itself did not answer, which says nothing of the deployment.
 */
export type Probe =
  | { readonly kind: "ready" }
  | { readonly kind: "not_ready" }
  | { readonly kind: "missing" }
  | { readonly kind: "away"; readonly message: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** A tiny completion. Counted by Azure as a call, so it also keeps an idle deployment from being removed. */
export async function probe(provider: Pick<Provider, "chat">, name: string): Promise<Probe> {
  try {
    await provider.chat({
      model: name,
      messages: [{ role: "user", content: "ping" }],
      max_tokens: 16, // some models refuse a smaller limit than this
    });
    return { kind: "ready" };
  } catch (thrown) {
    return judge(thrown);
  }
}

/**
 * A deployment that was just made answers 404 `DeploymentNotReady` or `DeploymentNotFound` for a while, and an
 * overloaded one 429 or 503: ask again later. Any other refusal will not pass by waiting.
 */
function judge(thrown: unknown): Probe {
  if (!isLightningError(thrown)) throw thrown;
  const said = JSON.stringify(thrown.details ?? "") + thrown.message;
  if (/DeploymentNotReady|NotReady/i.test(said)) return { kind: "not_ready" };
  if (said.includes("model_not_found"))
    return { kind: "failed", code: thrown.code, message: messageOf(thrown).slice(0, 1000) };
  if (thrown.kind === "not_found" || /DeploymentNotFound/i.test(said)) return { kind: "missing" };
  if (thrown.kind === "unavailable") return { kind: "away", message: messageOf(thrown).slice(0, 500) };
  return { kind: "failed", code: thrown.code, message: messageOf(thrown).slice(0, 1000) };
}

/** Certainly not callable now, whatever may come. */
export const isGone = (answer: Probe): boolean =>
  answer.kind === "missing" ||
  answer.kind === "not_ready" ||
  (answer.kind === "failed" && answer.code === "provider_missing");
