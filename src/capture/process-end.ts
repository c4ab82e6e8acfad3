/** Signals whose default is the end of the process. SIGBREAK is Windows' Ctrl+Break, SIGHUP there its closed console. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"] as const;

interface AtEnd {
  /** Synchronous: nothing else runs after it. */
  readonly save: () => void;
  /** The process goes on to end for certain; after `save`. */
  readonly ending: () => void;
  readonly signals: boolean;
}

/** One for the process, however many copies of this file are loaded (ESM and CommonJS). */
const SHARED = Symbol.for("agent-lightning.process-end");
const shared = globalThis as { [SHARED]?: Set<AtEnd> };
shared[SHARED] ??= new Set();
const registry = shared[SHARED];

const each = (work: (entry: AtEnd) => void, which: (entry: AtEnd) => boolean = () => true) => {
  for (const entry of registry) {
    if (!which(entry)) continue;
    try {
      work(entry);
    } catch {
      // The process is ending; nobody is left to tell, and the others want to be saved as well.
    }
  }
};

function onExit(): void {
  each((entry) => entry.save());
  each((entry) => entry.ending());
}

/**
 * Saves, then leaves the signal's outcome as it would be without us. Node delivers a signal to all its listeners: where
 * the app has one, the app decides. Ours is out of the list while the others run, because a listener like that of the
 * package `signal-exit` re-raises only where it finds itself alone.
 */
function onSignal(signal: NodeJS.Signals): void {
  const bySignal = (entry: AtEnd) => entry.signals;
  each((entry) => entry.save(), bySignal);
  process.removeListener(signal, onSignal);
  if (process.listenerCount(signal) > 0) {
    setImmediate(() => listenFor(signal));
    return;
  }
  each((entry) => entry.ending(), bySignal);
  process.kill(process.pid, signal);
}

function listenFor(signal: NodeJS.Signals): void {
  const wanted = [...registry].some((entry) => entry.signals);
  if (wanted && !process.listeners(signal).includes(onSignal)) process.prependListener(signal, onSignal);
}

/** Has `save` called when the process ends, by a signal too where `signals` is set. Returns the way to take it back. */
export function atProcessEnd(entry: AtEnd): () => void {
  if (registry.size === 0) process.prependListener("exit", onExit);
  registry.add(entry);
  for (const signal of SIGNALS) listenFor(signal);
  return () => {
    registry.delete(entry);
    if (registry.size === 0) process.removeListener("exit", onExit);
    if ([...registry].some(({ signals }) => signals)) return;
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}
