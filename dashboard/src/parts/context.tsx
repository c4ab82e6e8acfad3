import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../logic/api.ts";
import type { Poller } from "../logic/poller.ts";
import type { Act } from "../logic/roles.ts";
import type { Route } from "../logic/route.ts";

/** What every view may use. */
export interface Shared {
  readonly api: Api;
  readonly poller: Poller;
  readonly route: Route;
  /** Goes to an address of the page; `replace` leaves no step to go back to. */
  readonly go: (address: string, replace?: boolean) => void;
  /** The signed-in person, or null. */
  readonly principal: string | null;
  /** Whether it is known yet who this is. */
  readonly known: boolean;
  /** Whether this person may call the operation. */
  readonly can: (act: Act) => boolean;
  /** Says in passing that something happened. */
  readonly tell: (text: string, tone?: "good" | "bad") => void;
  /** Raised when a key was given: everything is asked anew. */
  readonly epoch: number;
}

export const SharedContext = createContext<Shared | undefined>(undefined);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (shared === undefined) throw new Error("A view outside of the page.");
  return shared;
}

export interface Live<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

const LATER_MS = 150;

/**
 * Asks now, and again in the page's one loop. What is shown stays while it is asked again, and is dropped when `key`
 * changes. With `key` undefined nothing is asked.
 */
export function useLive<T>(
  key: string | undefined,
  load: () => Promise<T>,
  /** After what the view itself asks for: the app answers one question at a time. */
  later = false,
): Live<T> {
  const { poller, epoch } = useShared();
  const [state, setState] = useState<{ key: string | undefined; data?: T; error?: unknown }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const asked = key === undefined ? undefined : `${key} ${epoch}`;

  useEffect(() => {
    if (asked === undefined) return;
    let gone = false;
    let before = "";
    const task = async (): Promise<boolean> => {
      try {
        const data = await latest.current();
        const text = JSON.stringify(data);
        if (gone || text === before) return false;
        before = text;
        setState({ key: asked, data });
        return true;
      } catch (error) {
        if (!gone) setState((now) => ({ ...(now.key === asked ? now : { key: asked }), error }));
        before = "";
        throw error;
      }
    };
    let remove = () => {};
    const begin = () => {
      // The loop tells its own failures by waiting longer.
      task().catch(() => undefined);
      remove = poller.add(task);
    };
    const timer = later ? setTimeout(begin, LATER_MS) : undefined;
    if (!later) begin();
    return () => {
      gone = true;
      clearTimeout(timer);
      remove();
    };
  }, [asked, poller, later]);

  const reload = useCallback(() => poller.wake(), [poller]);
  const mine = state.key === asked;
  return { data: mine ? state.data : undefined, error: mine ? state.error : undefined, reload };
}

/** Asks once: what does not change, or is dear to answer. With `key` undefined nothing is asked. */
export function useOnce<T>(key: string | undefined, load: () => Promise<T>): Omit<Live<T>, "reload"> {
  const { epoch } = useShared();
  const [state, setState] = useState<{ key: string | undefined; data?: T; error?: unknown }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const asked = key === undefined ? undefined : `${key} ${epoch}`;
  useEffect(() => {
    if (asked === undefined) return;
    let gone = false;
    latest.current().then(
      (data) => gone || setState({ key: asked, data }),
      (error: unknown) => gone || setState({ key: asked, error }),
    );
    return () => {
      gone = true;
    };
  }, [asked]);
  const mine = state.key === asked;
  return { data: mine ? state.data : undefined, error: mine ? state.error : undefined };
}

/** The time, for "3 min ago": changes each half minute. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** The width of an element in whole pixels, 0 before it is known. */
export function useWidth<T extends HTMLElement>() {
  const frame = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { frame, width };
}
