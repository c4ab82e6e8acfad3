import type { Dataset, ReadyDataset, Split } from "../datasets/contract.ts";
import type { Files } from "../files/files.ts";
import { conflict, invalid } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";
import { remedyForBaseline, whyUncallable } from "./baseline.ts";
import { MINIMUM_GROUPS } from "./contract.ts";
import { chooseQuestions, countQuestions } from "./plan.ts";
import { whyContaminated } from "./trained-on.ts";

/** An evaluation that is to follow a training which is not paid for yet. */
export interface Foreseen {
  readonly held: ReadyDataset;
  readonly split: Split;
  /** What is to be trained on; absent while it is not built. */
  readonly trained?: Dataset | undefined;
  readonly baseline: { readonly asked: string; readonly model: string };
}

const HELD_OUT = "Name another set of held-out examples (evaluation.dataset_id)";

/**
 * Refuses what could not end in a verdict, and names what to change.
 * @returns how many independent groups there are to judge by
 * @throws invalid `contaminated`, `no_held_out_examples`, `too_few_pairs`; conflict `baseline_uncallable`
 */
export async function foresee(
  { files, provider }: { readonly files: Files; readonly provider: Pick<Provider, "chat"> },
  { held, split, trained, baseline }: Foreseen,
  /** How many of the held-out examples are in what is to be trained on. */
  seen: () => Promise<{ readonly shared: number; readonly near: ReadonlySet<string> }>,
): Promise<number> {
  const own = trained !== undefined && isSame(held, trained);
  if (own && split === "train")
    throw invalid("contaminated", `The model would be judged on the side that it is trained on.`, {
      field: "evaluation.split",
      remedy: "Leave evaluation.split out, or name `test` or `validation`.",
    });
  const key = held.files[split]?.key;
  const { shared, near } = await seen();
  const counted = key === undefined ? { examples: 0, near: 0 } : await countQuestions(files, key, near);
  // The rule of the evaluation itself, before anything is paid for.
  const doubt = whyContaminated({ shared, ...counted }, "what is to be trained on");
  if (doubt !== undefined)
    throw invalid("contaminated", doubt, {
      field: "evaluation.dataset_id",
      remedy: `${HELD_OUT} that the model is not trained on.`,
    });
  const side = { leftOut: near, groupFile: held.line_groups?.[split] };
  const { questions, groups } =
    key === undefined ? { questions: [], groups: 0 } : await chooseQuestions(files, key, side);
  const examples = questions.length;
  const { format = "sft" } = held.recipe;
  if (examples === 0 && near.size === 0)
    throw invalid(
      "no_held_out_examples",
      `No line of the ${split} side of dataset ${held.id} (format ${format}) has an assistant turn to judge.`,
      {
        field: "evaluation.dataset_id",
        remedy:
          format === "sft"
            ? `${HELD_OUT} whose lines end with the assistant's answer.`
            : `${HELD_OUT} of format sft: ${format} lines hold no single right answer.`,
      },
    );
  if (groups < MINIMUM_GROUPS)
    throw invalid(
      "too_few_pairs",
      `The ${split} side of dataset ${held.id} has ${
        groups === examples ? `${examples} examples` : `${groups} independent groups in ${examples} examples`
      } to judge by; a verdict needs at least ${MINIMUM_GROUPS}${groups === examples ? "" : " groups, since examples of one session or nearly equal ones count once"}.${
        near.size === 0 ? "" : ` ${near.size} are nearly the same as ones that are trained on.`
      }`,
      {
        field: "evaluation.dataset_id",
        remedy: own
          ? `Record and reward more episodes, lower train_split, or name held-out examples (evaluation.dataset_id).`
          : `${HELD_OUT} with at least ${MINIMUM_GROUPS}.`,
        details: { examples, groups, minimum: MINIMUM_GROUPS },
      },
    );
  const fault = await whyUncallable(provider, baseline.model);
  if (fault !== undefined)
    throw conflict("baseline_uncallable", `The baseline "${baseline.model}" cannot be called: ${fault}`, {
      field: "evaluation.baseline",
      remedy: remedyForBaseline(baseline.asked),
    });
  return groups;
}

const isSame = (a: Dataset, b: Dataset) =>
  a.id === b.id || (a.content_hash !== undefined && a.content_hash === b.content_hash);
