/** Answers by task and length, as Markdown, and what else there is to say about them. */
import type { AccuracyAnswer, AnsweredPrompt } from './accuracyRuns';

/** 'key 4096' -> its prompts, tasks as they first come and lengths ascending; of several tasks all together last. */
function groups(
  prompts: readonly AnsweredPrompt[],
): { task: string; length: number; prompts: AnsweredPrompt[] }[] {
  const tasks = [...new Set(prompts.map(({ task }) => task))];
  const lengths = [...new Set(prompts.map(({ length }) => length))].toSorted((a, b) => a - b);
  const of = (task: string | null) =>
    lengths
      .map((length) => ({
        task: task ?? 'all',
        length,
        prompts: prompts.filter(
          (prompt) => prompt.length === length && (task ?? prompt.task) === prompt.task,
        ),
      }))
      .filter((group) => group.prompts.length > 0);
  return [...tasks.flatMap(of), ...(tasks.length > 1 ? of(null) : [])];
}

function share(flags: readonly boolean[]): string {
  const count = flags.filter(Boolean).length;
  return flags.length === 0
    ? '—'
    : `${((100 * count) / flags.length).toFixed(1)}% (${count}/${flags.length})`;
}

function answersOf(prompts: readonly AnsweredPrompt[], label: string): AccuracyAnswer[] {
  return prompts.flatMap(({ answers }) => answers[label] ?? []);
}

/** Points of per cent, over prompts that both answered, and how many changed either way. */
function difference(prompts: readonly AnsweredPrompt[], label: string): string {
  const both = prompts.flatMap(({ answers }) => {
    const { dense, [label]: sparse } = answers;
    return dense && sparse ? [{ dense: dense.right, sparse: sparse.right }] : [];
  });
  if (both.length === 0) return '—';
  const lost = both.filter((pair) => pair.dense && !pair.sparse).length;
  const gained = both.filter((pair) => !pair.dense && pair.sparse).length;
  const points = (100 * (gained - lost)) / both.length;
  const sign = points > 0 ? '+' : '';
  return `${sign}${points.toFixed(1)}${lost + gained === 0 ? '' : ` (${lost} lost, ${gained} gained)`}`;
}

function meanDensity(prompts: readonly AnsweredPrompt[], label: string): string {
  const densities = prompts.flatMap(({ reads }) => reads[label]?.density ?? []);
  if (densities.length === 0) return '—';
  return (densities.reduce((sum, density) => sum + density, 0) / densities.length).toFixed(3);
}

/** Whether dense says what PyTorch said, of the prompts where both are known. */
function sameAsPyTorch(prompts: readonly AnsweredPrompt[]): boolean[] {
  return prompts.flatMap(({ said, answers: { dense } }) =>
    said === undefined || !dense ? [] : [dense.text.trim() === said.trim()],
  );
}

interface Column {
  name: string;
  cell: (group: readonly AnsweredPrompt[]) => string;
}

/** Rows of task by length; `labels` are the sparse runs. Skipped prompts are in no row. */
export function accuracyTable(
  all: readonly AnsweredPrompt[],
  labels: readonly string[],
  withDense: boolean,
): string {
  const prompts = all.filter(
    ({ skipped, answers }) => skipped === undefined && Object.keys(answers).length > 0,
  );
  const withSaid = withDense && prompts.some(({ said }) => said !== undefined);
  const rightOf = (label: string): Column['cell'] => {
    return (group) => share(answersOf(group, label).map(({ right }) => right));
  };
  const columns: Column[] = [
    { name: 'prompts', cell: (group) => String(group.length) },
    ...(withDense ? [{ name: 'dense right', cell: rightOf('dense') }] : []),
  ];
  for (const label of labels) {
    columns.push({ name: `${label} right`, cell: rightOf(label) });
    if (withDense) columns.push({ name: 'difference, points', cell: (group) => difference(group, label) });
    columns.push({ name: 'density', cell: (group) => meanDensity(group, label) });
  }
  if (withSaid) columns.push({ name: 'same as PyTorch', cell: (group) => share(sameAsPyTorch(group)) });
  const names = ['task', 'tokens', ...columns.map(({ name }) => name)];
  const rows = groups(prompts).map(({ task, length, prompts: group }) =>
    [task, length.toLocaleString('en')].concat(columns.map(({ cell }) => cell(group))),
  );
  return [names, names.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the table cannot show: a sentence each. */
export function accuracyNotes(all: readonly AnsweredPrompt[], labels: readonly string[]): string[] {
  const notes: string[] = [];
  const skipped = all.filter((prompt) => prompt.skipped !== undefined);
  if (skipped.length > 0) {
    const lines = skipped.map(({ line }) => line).join(', ');
    notes.push(`Left out, as longer than the model’s context: ${skipped.length} prompts (lines ${lines}).`);
  }
  const counted = all.filter((prompt) => prompt.skipped === undefined);
  for (const label of labels) {
    const cut = answersOf(counted, label).filter(({ ended }) => !ended).length;
    if (cut > 0) notes.push(`${label}: ${cut} answers were cut at --new-tokens and count as wrong.`);
    for (const key of ['note', 'notKept'] as const) {
      const sentences = counted.flatMap(({ reads: { [label]: read } }) => read?.[key] ?? []);
      // They name lengths, so that hardly two are alike.
      if (sentences[0] !== undefined)
        notes.push(`${label}, ${sentences.length} prompts, the first of them: ${sentences[0]}`);
    }
  }
  return notes;
}
