import { useCallback, useRef, useState } from "preact/hooks";

export interface Work {
  readonly busy: boolean;
  /** Why the last attempt failed. */
  readonly error: unknown;
  /** Does it, unless something is being done already. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

/** One thing at a time: what is pressed twice is done once, and a refusal is kept to be shown. */
export function useWork(): Work {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // The state changes with the next frame; a second click or key may come before it.
  const running = useRef(false);
  const run = useCallback(async (work: () => Promise<void>) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (thrown) {
      setError(thrown);
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, error, run };
}
