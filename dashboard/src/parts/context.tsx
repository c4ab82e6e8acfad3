import { createContext } from "preact";
import { useCallback, useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../logic/api.ts";
import type { Poller } from "../logic/poller.ts";
import type { Answer, Questions } from "../logic/questions.ts";
import type { Act } from "../logic/roles.ts";
import type { Route } from "../logic/route.ts";

/** What every view may use. */
export interface Shared {
  readonly api: Api;
  readonly poller: Poller;
  readonly questions: Questions;
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
  /** Raised when a key was given: everything is asked again. */
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

/**
 * Asks now, and again in the page's one loop. What is shown stays while it is asked again, and is dropped when `key`
 * changes. With `key` undefined nothing is asked. Equal keys are one question: `key` says all that `load` asks.
 * @param later for what stands beside every view: its own questions go first
 */
export function useQuestion<T>(
  questions: Questions,
  key: string | undefined,
  load: () => Promise<T>,
  later = false,
): Answer<T> {
  const [, redraw] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  // Before the frame is painted: a question need not wait for that.
  useLayoutEffect(() => {
    if (key === undefined) return;
    const tell = () => redraw((times) => times + 1);
    return questions.watch(key, { load: () => latest.current(), tell, later });
  }, [key, questions, later]);

  return key === undefined ? {} : questions.answer<T>(key);
}

/** A question of a view: `useQuestion`, asked again when a key was given. */
export function useLive<T>(key: string | undefined, load: () => Promise<T>, later = false): Live<T> {
  const { poller, questions, epoch } = useShared();
  const asked = key === undefined ? undefined : `${key} ${epoch}`;
  const { data, error } = useQuestion(questions, asked, load, later);
  const reload = useCallback(() => poller.wake(), [poller]);
  return { data, error, reload };
}

/** Asks once: what does not change, or is expensive to answer. With `key` undefined nothing is asked. */
export function useOnce<T>(key: string | undefined, load: () => Promise<T>): Omit<Live<T>, "reload"> {
  const { epoch } = useShared();
  const [state, setState] = useState<{ key: string | undefined; data?: T; error?: unknown }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const asked = key === undefined ? undefined : `${key} ${epoch}`;
  useLayoutEffect(() => {
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

/** The width of an element's content in whole pixels, 0 before it is known. */
export function useWidth<T extends HTMLElement>() {
  const frame = useRef<T>(null);
  const [width, setWidth] = useState(0);
  // What is drawn to a width is drawn in the first frame, not in the one after.
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const { paddingLeft, paddingRight } = getComputedStyle(element);
    setWidth(
      Math.floor(element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight)),
    );
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { frame, width };
}
