import { useRef } from "preact/hooks";

/**
 * The Idempotency-Key of what a form sends: what is sent again unchanged, because the answer got lost, is the same
 * request and carried out once; what was changed after a refusal is another. The form ends with its success.
 */
export function useSentKey(): (sent: unknown) => string {
  const last = useRef<{ readonly text: string; readonly key: string }>(undefined);
  return (sent) => {
    const text = JSON.stringify(sent);
    if (last.current?.text !== text) last.current = { text, key: crypto.randomUUID() };
    return last.current.key;
  };
}
