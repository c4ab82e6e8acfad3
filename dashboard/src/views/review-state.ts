import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../logic/api.ts";
import {
  type CorrectionDraft,
  correctableTurns,
  NO_CORRECTION,
  readCorrection,
} from "../logic/correctable.ts";
import { signed } from "../logic/format.ts";
import type { Offer, OfferReply } from "../logic/wire.ts";
import { useShared } from "../parts/context.tsx";
import { useSentKey } from "../parts/sent-key.ts";
import { useWork } from "../parts/work.ts";

/** What an undo answers for a step that nobody can take back any more. */
const GONE: ReadonlySet<string> = new Set(["episode_not_found", "nothing_to_undo"]);

/** What is written down beside a value before it is sent. */
export interface Draft {
  readonly tags: readonly string[];
  readonly note: string;
  readonly correction: CorrectionDraft;
}
const EMPTY: Draft = { tags: [], note: "", correction: NO_CORRECTION };

/** The episode in hand and what can be done with it: one thing at a time. */
export function useDesk(reviewer: string) {
  const { api, tell } = useShared();
  /** undefined: not asked yet; null: nothing is left. */
  const [offer, setOffer] = useState<Offer | null>();
  // A second key does nothing until the first has been answered.
  const { busy, error, run: act } = useWork();
  const [draft, showDraft] = useState<Draft>(EMPTY);
  const [done, setDone] = useState<readonly number[]>([]);
  // What keys have made of it so far: a quick hand is faster than the next drawing.
  const latest = useRef(draft);
  /** Episodes judged or skipped in this sitting, in order: the step that an undo takes back is named. */
  const steps = useRef<string[]>([]);
  const undone = useRef(0);
  const keyOf = useSentKey();

  const setDraft = useCallback((change: (now: Draft) => Draft) => {
    latest.current = change(latest.current);
    showDraft(latest.current);
  }, []);
  const show = useCallback(
    (item: Offer | null) => {
      setOffer(item);
      setDraft(() => EMPTY);
      // Sent from within a field, the next key is a key again and no letter.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      scrollTo(0, 0);
    },
    [setDraft],
  );
  const fetchNext = useCallback(async () => {
    const reply = await api.post<OfferReply>("/review/next", { reviewer });
    show(reply.item);
  }, [api, reviewer, show]);
  const next = useCallback(() => act(fetchNext), [act, fetchNext]);
  useEffect(() => void next(), [next]);

  const path = (what: string) => `/review/${encodeURIComponent(offer?.episode_id ?? "")}/${what}`;
  return {
    offer,
    error,
    busy,
    draft,
    done,
    next,
    setDraft,
    /** What the fields hold now, drawn or not. */
    draftNow: () => latest.current,
    label: (value: number) =>
      act(async () => {
        if (!offer) return;
        const { tags, note, correction } = latest.current;
        const read = readCorrection(correctableTurns(offer.episode), correction);
        if (read.kind === "fault") return tell(read.fault);
        await api.post(path("label"), {
          reviewer,
          value,
          tags,
          ...(note.trim() === "" ? {} : { comments: note.trim() }),
          ...(read.kind === "some" ? { correction: read.correction } : {}),
        });
        steps.current.push(offer.episode_id);
        setDone((before) => [...before, value]);
        await fetchNext();
      }),
    skip: () =>
      act(async () => {
        if (!offer) return;
        await api.post(path("skip"), { reviewer });
        steps.current.push(offer.episode_id);
        await fetchNext();
      }),
    undo: () =>
      act(async () => {
        const last = steps.current.at(-1);
        const body = { reviewer, ...(last === undefined ? {} : { episode_id: last }) };
        // The same step again is another request once this one has been answered.
        const key = keyOf({ body, steps: steps.current.length, undone: undone.current });
        const reply = await api.post<OfferReply>("/review/undo", body, { key }).catch((thrown: unknown) => {
          // A step that is gone must not keep the ones before it from being taken back.
          if (thrown instanceof ApiError && GONE.has(thrown.code)) steps.current.pop();
          throw thrown;
        });
        undone.current++;
        steps.current.pop();
        show(reply.item);
        if (reply.item?.yours !== undefined) {
          setDone((before) => before.slice(0, -1));
          tell(`Your ${signed(reply.item.yours.value)} is taken back.`);
        } else tell("Back to the episode you skipped.");
      }),
    toggle: (tag: string) =>
      setDraft((now) => ({
        ...now,
        tags: now.tags.includes(tag) ? now.tags.filter((one) => one !== tag) : [...now.tags, tag],
      })),
  };
}
export type DeskState = ReturnType<typeof useDesk>;
