import type { Poller } from "./poller.ts";

export interface Answer<T> {
  readonly data?: T;
  /** Why the newest attempt failed; what was known before stays beside it. */
  readonly error?: unknown;
}

export interface Watcher {
  readonly load: () => Promise<unknown>;
  /** The answer is another one now. */
  readonly tell: () => void;
  /** Does not ask by itself for a moment: somebody else may, or has things to ask that matter more. */
  readonly later: boolean;
}

interface Question {
  readonly watchers: Set<Watcher>;
  readonly leave: () => void;
  answer: Answer<unknown>;
  text: string;
  asking: Promise<boolean> | undefined;
}

const LATER_MS = 150;
const NOTHING: Answer<never> = {};

/**
 * What the page keeps asking the app. A question goes out once, however many parts of the page watch its answer, and
 * ends with the last of them.
 */
export class Questions {
  readonly #poller: Poller;
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #questions = new Map<string, Question>();

  constructor(poller: Poller, after: (ms: number, callback: () => void) => () => void) {
    this.#poller = poller;
    this.#after = after;
  }

  /** What is known now. */
  answer<T>(key: string): Answer<T> {
    return (this.#questions.get(key)?.answer ?? NOTHING) as Answer<T>;
  }

  /** Asks now, and again in the page's one loop; returns the way to stop. */
  watch(key: string, watcher: Watcher): () => void {
    const question = this.#questions.get(key) ?? this.#begin(key);
    const isFirst = question.watchers.size === 0;
    question.watchers.add(watcher);
    const ask = () => {
      // The polling loop handles its own failures by back-off.
      this.#ask(question).catch(() => undefined);
    };
    let cancel = () => {};
    if (!watcher.later) ask();
    else if (isFirst)
      cancel = this.#after(LATER_MS, () => {
        if (question.asking === undefined && question.text === "") ask();
      });
    return () => {
      cancel();
      question.watchers.delete(watcher);
      if (question.watchers.size > 0) return;
      question.leave();
      if (this.#questions.get(key) === question) this.#questions.delete(key);
    };
  }

  #begin(key: string): Question {
    const question: Question = {
      watchers: new Set(),
      leave: this.#poller.add(() => this.#ask(question)),
      answer: NOTHING,
      text: "",
      asking: undefined,
    };
    this.#questions.set(key, question);
    return question;
  }

  /** @returns whether the answer is another one */
  #ask(question: Question): Promise<boolean> {
    question.asking ??= this.#load(question).finally(() => {
      question.asking = undefined;
    });
    return question.asking;
  }

  async #load(question: Question): Promise<boolean> {
    const tell = () => {
      for (const watcher of question.watchers) watcher.tell();
    };
    const [first] = question.watchers;
    if (first === undefined) return false;
    try {
      const data = await first.load();
      const text = JSON.stringify(data);
      if (text === question.text) return false;
      question.text = text;
      question.answer = { data };
      tell();
      return true;
    } catch (error) {
      question.text = "";
      question.answer = { ...question.answer, error };
      tell();
      throw error;
    }
  }
}
