import { setImmediate } from "node:timers/promises";

/** Loops over many examples let other work run after so many steps: a few milliseconds' worth. */
const STEPS_BETWEEN_PAUSES = 16_384;

/** Asked with a loop's counter: `if (isPauseDue(i)) await letOthersRun();` */
export const isPauseDue = (step: number): boolean => step % STEPS_BETWEEN_PAUSES === STEPS_BETWEEN_PAUSES - 1;

/** Gives the event loop one full turn: timers, sockets, other activities. */
export const letOthersRun = (): Promise<void> => setImmediate();
