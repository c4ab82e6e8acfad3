import { type CaptureSettings, cleanEpisode } from "../episodes/clean.ts";

/** Each holds what one pass of redaction looks for: the engine compiles an expression at its first use, which takes longer than a run. */
const SAMPLES = [
  "count_stock lamp: 14",
  "mail ann@example.org",
  "password: hunter22x, token=a1b2c3d4e5",
  "Authorization: Bearer a1b2c3d4e5f6",
  "call +49 30 901820 or 4111 1111 1111 1111",
  "https://ann:hunter22x@example.org/?code=a1b2c3d4e5f6g7h8",
  '{"name":"api_key","value":"a1b2c3d4e5f6"}',
  "export API_KEY=a1b2c3d4e5f6g7h8 && curl -u ann:hunter22x",
] as const;

/**
 * Has redaction's expressions compiled before the first episode is redacted, in a turn of the event loop for each few, so
 * that no turn of the agent's waits for all of them.
 */
export function warmUp(settings: CaptureSettings): void {
  const left: string[] = [...SAMPLES];
  const next = (): void => {
    const text = left.shift();
    if (text === undefined) return;
    try {
      cleanEpisode({ agent_id: "warm-up", user_input: text, assistant_output: "", tool_calls: [] }, settings);
    } catch {
      // Capture is never the agent's problem.
      return;
    }
    setImmediate(next).unref();
  };
  setImmediate(next).unref();
}
