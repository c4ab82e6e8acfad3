import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { errorText } from "../logic/api.ts";
import { turnsOf } from "../logic/conversation.ts";
import { count, moment, plural, signed, words } from "../logic/format.ts";
import { KEY_HELP, reviewAction, SCORES, TAGS } from "../logic/review-keys.ts";
import { address } from "../logic/route.ts";
import type { Offer, OfferReply, ReviewQueue, ReviewRules } from "../logic/wire.ts";
import { Card, Empty, Failure, Keys, Loading, Page, Reward } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Conversation } from "../parts/text.tsx";

/** The name by which reviewers tell each other apart where nobody signs in. */
const NAME = "lightning-reviewer";

export function ReviewView() {
  const { principal, can, known } = useShared();
  const [name, setName] = useState(() => localStorage.getItem(NAME) ?? "");
  const reviewer = principal ?? name;
  if (!known)
    return (
      <Page title="Review">
        <Loading lines={8} />
      </Page>
    );
  if (!can("submitReview"))
    return (
      <Page title="Review">
        <Empty title="Reviewing needs the role labeller">
          <p>An owner can grant it. Everything else here can be read.</p>
        </Empty>
      </Page>
    );
  if (reviewer === "")
    return (
      <Page title="Review" lead="Read what the agent did, press one key, and the next episode is there.">
        <AskName
          onName={(value) => {
            localStorage.setItem(NAME, value);
            setName(value);
          }}
        />
      </Page>
    );
  return (
    <Desk key={reviewer} reviewer={reviewer} onRename={principal === null ? () => setName("") : undefined} />
  );
}

function AskName({ onName }: { onName: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <Card title="Who reviews?" class="narrow">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") onName(name.trim());
        }}
      >
        <label class="field">
          <span>Your name, as it stands beside your labels</span>
          <input
            value={name}
            required
            maxLength={200}
            autocomplete="nickname"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <div class="dialog-actions">
          <button type="submit" class="primary">
            Begin
          </button>
        </div>
      </form>
    </Card>
  );
}

interface Draft {
  readonly tags: readonly string[];
  readonly note: string;
  readonly correction: string;
}
const EMPTY: Draft = { tags: [], note: "", correction: "" };

function Desk({ reviewer, onRename }: { reviewer: string; onRename: (() => void) | undefined }) {
  const { api, can, route, tell } = useShared();
  const agent = route.query.agent ?? "";
  const queue = useLive(`queue ${agent}`, () => api.get<ReviewQueue>("/review"));
  const [offer, setOffer] = useState<Offer | null>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [draft, showDraft] = useState<Draft>(EMPTY);
  // What keys have made of it so far: a quick hand is faster than the next drawing.
  const latest = useRef(draft);
  const setDraft = useCallback((change: (now: Draft) => Draft) => {
    latest.current = change(latest.current);
    showDraft(latest.current);
  }, []);
  const [unfolded, setUnfolded] = useState(false);
  const [window_, setWindow] = useState<"keys" | "rules">();
  const [done, setDone] = useState<readonly number[]>([]);
  const fields = {
    tags: useRef<HTMLInputElement>(null),
    correction: useRef<HTMLTextAreaElement>(null),
    note: useRef<HTMLTextAreaElement>(null),
  };
  const running = useRef(false);

  const show = useCallback(
    (item: Offer | null) => {
      setOffer(item);
      setDraft(() => EMPTY);
      setUnfolded(false);
      scrollTo(0, 0);
    },
    [setDraft],
  );

  /** One thing at a time: a second key does nothing until the first has been answered. */
  const act = useCallback(async (work: () => Promise<void>) => {
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
  const fetchNext = useCallback(async () => {
    const reply = await api.post<OfferReply>("/review/next", { reviewer });
    show(reply.item);
  }, [api, reviewer, show]);

  useEffect(() => void act(fetchNext), [act, fetchNext]);

  const label = (value: number) =>
    act(async () => {
      if (!offer) return;
      const { tags, note, correction } = latest.current;
      await api.post(`/review/${encodeURIComponent(offer.episode_id)}/label`, {
        reviewer,
        value,
        tags,
        ...(note.trim() === "" ? {} : { comments: note.trim() }),
        ...(correction.trim() === "" ? {} : { correction: correction.trim() }),
      });
      setDone((before) => [...before, value]);
      await fetchNext();
    });
  const skip = () =>
    act(async () => {
      if (!offer) return;
      await api.post(`/review/${encodeURIComponent(offer.episode_id)}/skip`, { reviewer });
      await fetchNext();
    });
  const undo = () =>
    act(async () => {
      const reply = await api.post<OfferReply>("/review/undo", { reviewer });
      show(reply.item);
      if (reply.item?.yours !== undefined) {
        setDone((before) => before.slice(0, -1));
        tell(`Your ${signed(reply.item.yours.value)} is taken back.`);
      } else tell("Back to the episode you skipped.");
    });
  const toggle = (tag: string) =>
    setDraft((now) => ({
      ...now,
      tags: now.tags.includes(tag) ? now.tags.filter((one) => one !== tag) : [...now.tags, tag],
    }));

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]") !== null) return;
      const target = event.target;
      const typing =
        target instanceof HTMLInputElement ||
        target instanceof HTMLTextAreaElement ||
        target instanceof HTMLSelectElement;
      if (event.key === "Escape" && typing) {
        target.blur();
        return;
      }
      const action = reviewAction(event, typing);
      if (action === undefined) return;
      event.preventDefault();
      switch (action.do) {
        case "label":
          return void label(action.value);
        case "tag": {
          const tag = TAGS[action.index];
          return tag === undefined ? undefined : toggle(tag);
        }
        case "focus":
          return fields[action.what].current?.focus();
        case "skip":
          return void skip();
        case "undo":
          return void undo();
        case "fold":
          return setUnfolded((now) => !now);
        case "help":
          return setWindow("keys");
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  const waiting = queue.data?.waiting;
  return (
    <Page
      title="Review"
      lead={
        <>
          {waiting === undefined ? "…" : `${plural(waiting, "episode")} not reviewed`} · you are{" "}
          {onRename === undefined ? (
            <b>{reviewer}</b>
          ) : (
            <button type="button" class="link" onClick={onRename}>
              {reviewer}
            </button>
          )}
        </>
      }
      actions={
        <>
          <button type="button" class="quiet" onClick={() => setWindow("keys")}>
            Keys <kbd>?</kbd>
          </button>
          {can("setReviewRules") && (
            <button type="button" class="quiet" onClick={() => setWindow("rules")}>
              Rules
            </button>
          )}
        </>
      }
    >
      {error !== undefined && <Failure error={error} retry={() => void act(fetchNext)} />}
      {offer === undefined ? (
        error === undefined && <Loading lines={10} />
      ) : offer === null ? (
        <Empty title="Nothing is left for you">
          <p>
            {done.length > 0 ? `You judged ${plural(done.length, "episode")}. ` : ""}
            Episodes that others have in hand come back when their time is up.
          </p>
          <p>
            <button type="button" onClick={() => void act(fetchNext)}>
              Look again
            </button>{" "}
            {done.length > 0 && (
              <button type="button" class="quiet" onClick={() => void undo()}>
                Undo <kbd>Z</kbd>
              </button>
            )}
          </p>
        </Empty>
      ) : (
        <div class={`desk ${busy ? "busy" : ""}`} aria-busy={busy}>
          <Card class="desk-episode">
            <div class="offer-head">
              <Why offer={offer} />
              {offer.blind ? (
                <span class="badge plain">blind</span>
              ) : (
                <Reward value={offer.episode.reward_avg ?? null} count={offer.episode.reward_count} />
              )}
              <a class="muted" href={address("episodes", offer.episode_id)}>
                open
              </a>
            </div>
            <Conversation key={offer.episode_id} turns={turnsOf(offer.episode)} unfolded={unfolded} />
          </Card>
          <div class="desk-tools">
            <Card>
              <div class="verdict-buttons">
                <button type="button" class="good" onClick={() => void label(1)} disabled={busy}>
                  Good <kbd>Y</kbd>
                </button>
                <button type="button" class="bad" onClick={() => void label(-1)} disabled={busy}>
                  Bad <kbd>N</kbd>
                </button>
              </div>
              <fieldset class="scores">
                <legend>or a score</legend>
                {SCORES.map((value, n) => (
                  <button key={value} type="button" onClick={() => void label(value)} disabled={busy}>
                    {signed(value, value % 1 === 0 ? 0 : 1)}
                    <kbd>{n + 1}</kbd>
                  </button>
                ))}
              </fieldset>
              <fieldset class="tag-choice">
                <legend>Tags</legend>
                {[...TAGS, ...draft.tags.filter((tag) => !TAGS.some((one) => one === tag))].map((tag, n) => (
                  <button
                    key={tag}
                    type="button"
                    aria-pressed={draft.tags.includes(tag)}
                    onClick={() => toggle(tag)}
                  >
                    {tag}
                    {n < TAGS.length && <kbd>⇧{n + 1}</kbd>}
                  </button>
                ))}
                <input
                  ref={fields.tags}
                  aria-label="Another tag"
                  placeholder="another… (T)"
                  maxLength={60}
                  onKeyDown={(event) => {
                    const value = event.currentTarget.value.trim();
                    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || value === "") return;
                    event.preventDefault();
                    if (!draft.tags.includes(value)) toggle(value);
                    event.currentTarget.value = "";
                    event.currentTarget.blur();
                  }}
                />
              </fieldset>
              <label class="field">
                <span>
                  It should have answered <kbd>E</kbd>
                </span>
                <textarea
                  ref={fields.correction}
                  rows={4}
                  maxLength={100_000}
                  value={draft.correction}
                  onFocus={(event) => {
                    // A correction mostly begins with what was said. The field is filled here and now, not with the
                    // next drawing: the first letter may already be on its way.
                    if (latest.current.correction !== "") return;
                    const said = offer.episode.assistant_output ?? "";
                    event.currentTarget.value = said;
                    event.currentTarget.select();
                    setDraft((now) => ({ ...now, correction: said }));
                  }}
                  onBlur={() => {
                    if (latest.current.correction === offer.episode.assistant_output)
                      setDraft((now) => ({ ...now, correction: "" }));
                  }}
                  onInput={(event) => {
                    const { value } = event.currentTarget;
                    setDraft((now) => ({ ...now, correction: value }));
                  }}
                />
              </label>
              {draft.correction !== "" && (
                <p class="hint">
                  <Keys keys={["Ctrl", "Enter"]} /> sends it as bad with this correction. It becomes a golden
                  conversation and a preference pair.
                </p>
              )}
              <label class="field">
                <span>
                  Comment <kbd>C</kbd>
                </span>
                <textarea
                  ref={fields.note}
                  rows={2}
                  maxLength={20_000}
                  value={draft.note}
                  onInput={(event) => {
                    const { value } = event.currentTarget;
                    setDraft((now) => ({ ...now, note: value }));
                  }}
                />
              </label>
              <div class="desk-foot">
                <button type="button" class="quiet" onClick={() => void skip()} disabled={busy}>
                  Skip <kbd>S</kbd>
                </button>
                <button type="button" class="quiet" onClick={() => void undo()} disabled={busy}>
                  Undo <kbd>Z</kbd>
                </button>
              </div>
            </Card>
            <p class="muted desk-note">
              Yours until {moment(offer.leased_until).slice(11, 16)}
              {done.length > 0 ? ` · ${count(done.length)} judged in this sitting` : ""}
            </p>
          </div>
        </div>
      )}
      <div class="hidden-text" role="status">
        {done.length > 0 ? `Judged ${done.length}. ` : ""}
        {offer ? "Next episode." : ""}
      </div>
      {window_ === "keys" && (
        <Dialog title="Keys" onClose={() => setWindow(undefined)}>
          <dl class="key-help">
            {KEY_HELP.map(({ keys, does }) => (
              <div key={does}>
                <dt>
                  <Keys keys={keys} />
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <div class="dialog-actions">
            <button type="button" onClick={() => setWindow(undefined)}>
              Close
            </button>
          </div>
        </Dialog>
      )}
      {window_ === "rules" && queue.data !== undefined && (
        <Rules queue={queue.data} onClose={() => setWindow(undefined)} onSaved={queue.reload} />
      )}
    </Page>
  );
}

const WHY: Readonly<Record<string, string>> = {
  random: "drawn at random",
  low_reward: "low reward",
  disagreement: "its judges disagree",
  new_tool: "a tool nobody has reviewed",
  newest: "the newest that waits",
  again: "taken back",
};

function Why({ offer }: { offer: Offer }) {
  return (
    <span class="why-offered">
      <span class="badge accent">{WHY[offer.why.reason] ?? words(offer.why.reason)}</span>
      {offer.why.text !== undefined && <span class="muted">{offer.why.text}</span>}
    </span>
  );
}

const SAMPLING_NAMES: Readonly<Record<keyof ReviewRules["sampling"], string>> = {
  random: "At random",
  low_reward: "Low reward",
  disagreement: "Judges disagree",
  new_tool: "New tool",
};

const number = (event: { currentTarget: HTMLInputElement }) => Number(event.currentTarget.value);

function Rules({
  queue,
  onClose,
  onSaved,
}: {
  queue: ReviewQueue;
  onClose: () => void;
  onSaved: () => void;
}) {
  const { api } = useShared();
  const [rules, setRules] = useState(queue.rules);
  const [error, setError] = useState<unknown>();
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      await api.post("/review/rules", rules);
      onSaved();
      onClose();
    } catch (thrown) {
      setError(thrown);
    }
  };
  return (
    <Dialog title="How episodes are reviewed" onClose={onClose}>
      <form onSubmit={(event) => void save(event)}>
        <div class="field-pair">
          <label class="field">
            <span>People per episode</span>
            <input
              type="number"
              min={1}
              max={10}
              required
              value={rules.reviewers_per_episode}
              onInput={(event) => setRules({ ...rules, reviewers_per_episode: number(event) })}
            />
          </label>
          <label class="field">
            <span>Minutes it is kept for one</span>
            <input
              type="number"
              min={0.5}
              max={1440}
              step={0.5}
              required
              value={rules.lease_seconds / 60}
              onInput={(event) => setRules({ ...rules, lease_seconds: Math.round(number(event) * 60) })}
            />
          </label>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={rules.blind}
            onChange={(event) => setRules({ ...rules, blind: event.currentTarget.checked })}
          />
          <span>Blind: without rewards, other judgements and the model’s name</span>
        </label>
        <fieldset class="weights">
          <legend>What is offered, by weight</legend>
          {(Object.keys(SAMPLING_NAMES) as (keyof ReviewRules["sampling"])[]).map((name) => (
            <label key={name} class="field">
              <span>{SAMPLING_NAMES[name]}</span>
              <input
                type="number"
                min={0}
                max={100}
                required
                value={rules.sampling[name]}
                onInput={(event) =>
                  setRules({ ...rules, sampling: { ...rules.sampling, [name]: number(event) } })
                }
              />
            </label>
          ))}
        </fieldset>
        {queue.reviewers.length > 0 && (
          <p class="muted">
            So far:{" "}
            {queue.reviewers.map(({ reviewer, labelled }) => `${reviewer} ${count(labelled)}`).join(", ")}.{" "}
            {plural(queue.reservations.length, "episode is", "episodes are")} in hand.
          </p>
        )}
        {queue.corrections > 0 && (
          <p class="links">
            <a href="/api/lightning/review/corrections/golden" download>
              Corrections as golden conversations
            </a>
            <a href="/api/lightning/review/corrections/dpo" download>
              as DPO pairs
            </a>
          </p>
        )}
        {error !== undefined && (
          <p class="notice bad" role="alert">
            {errorText(error)}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
