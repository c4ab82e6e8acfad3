/** Steps after which a loop over many examples yields to the event loop: a few milliseconds' worth. */
const STEPS_BETWEEN_PAUSES = 16_384;

/** Asked with a loop's counter: `if (isPauseDue(i)) await letOthersRun();` */
export const isPauseDue = (step: number): boolean => step % STEPS_BETWEEN_PAUSES === STEPS_BETWEEN_PAUSES - 1;

const waiting: (() => void)[] = [];

function turn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(turn);
}

/**
 * Gives the event loop one full turn: timers, sockets, requests. Of all that wait here only one goes on per turn;
 * twenty shards side by side would block the event loop twenty times as long as one.
 */
export const letOthersRun = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(turn);
  });
