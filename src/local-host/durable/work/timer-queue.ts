import type { Clock } from "../../../kernel/clock.ts";
import type { Message } from "../store/store.ts";

interface Entry {
  readonly due: number;
  readonly message: Message;
  dropped: boolean;
}

/** Messages that are due later, in a binary heap with one clock timer on the earliest. */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #onDue: (message: Message) => void;
  readonly #heap: Entry[] = [];
  readonly #byInstance = new Map<string, Set<Entry>>();
  #armed: { readonly due: number; readonly cancel: () => void } | undefined;
  #stopped = false;

  constructor(clock: Clock, onDue: (message: Message) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  add(message: Message, due: number): void {
    const entry: Entry = { due, message, dropped: false };
    this.#push(entry);
    const { instanceId } = message;
    const own = this.#byInstance.get(instanceId);
    if (own === undefined) this.#byInstance.set(instanceId, new Set([entry]));
    else own.add(entry);
    this.#arm();
  }

  /** Drops an instance's timers, or those of one execution, so that no virtual clock waits for them. */
  drop(instanceId: string, executionId?: string): void {
    const own = this.#byInstance.get(instanceId);
    if (own === undefined) return;
    for (const entry of own) {
      if (executionId !== undefined && entry.message.executionId !== executionId) continue;
      entry.dropped = true;
      own.delete(entry);
    }
    if (own.size === 0) this.#byInstance.delete(instanceId);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#armed?.cancel();
  }

  #arm(): void {
    while (this.#heap[0]?.dropped) this.#pop();
    const first = this.#heap[0];
    if (this.#armed?.due === first?.due) return;
    this.#armed?.cancel();
    this.#armed = undefined;
    if (first === undefined || this.#stopped) return;
    const cancel = this.#clock.after(Math.max(0, first.due - this.#clock.now()), () => this.#fire());
    this.#armed = { due: first.due, cancel };
  }

  #fire(): void {
    this.#armed = undefined;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!first.dropped && first.due > now) break;
      this.#pop();
      if (first.dropped) continue;
      const { instanceId } = first.message;
      const own = this.#byInstance.get(instanceId);
      own?.delete(first);
      if (own?.size === 0) this.#byInstance.delete(instanceId);
      this.#onDue(first.message);
    }
    this.#arm();
  }

  #before(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a] as Entry, this.#heap[b] as Entry];
    return left.due < right.due || (left.due === right.due && left.message.id < right.message.id);
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = kept;
  }

  #push(entry: Entry): void {
    let at = this.#heap.push(entry) - 1;
    for (let above = (at - 1) >> 1; at > 0 && this.#before(at, above); above = (at - 1) >> 1) {
      this.#swap(at, above);
      at = above;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < this.#heap.length && this.#before(below, least)) least = below;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
