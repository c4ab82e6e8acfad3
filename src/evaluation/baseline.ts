import { isLightningError } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";

/**
 * The fault text when the provider says that it has no such model: looked at before anything is paid for that would be
 * compared with it. Another fault, a rate limit or an outage say, tells nothing of the model: undefined.
 */
export async function whyUncallable(
  provider: Pick<Provider, "chat">,
  model: string,
): Promise<string | undefined> {
  try {
    // Some models refuse a smaller limit than this.
    await provider.chat({ model, messages: [{ role: "user", content: "ping" }], max_tokens: 16 });
    return undefined;
  } catch (thrown) {
    if (!isLightningError(thrown)) throw thrown;
    const said = JSON.stringify(thrown.details ?? "") + thrown.message;
    // One that was just made is not ready for some minutes, which passes.
    if (/NotReady/i.test(said)) return undefined;
    const unknown = thrown.kind === "not_found" || /DeploymentNotFound|model_not_found/i.test(said);
    return unknown ? thrown.message.slice(0, 500) : undefined;
  }
}

/** What to do about it, by what was asked for. */
export const remedyForBaseline = (asked: string): string =>
  asked === "base"
    ? "Set FOUNDRY_MODEL_DEPLOYMENT_NAME to a deployment of the base model, or name one as the baseline."
    : "Name a baseline that is deployed, or `base`.";
