/**
 * Why a pattern cannot run with what was set, in the page's words: a parameter's label, then the name that code and files
 * have for it. The sentences are the engine's, so that both say the same.
 */
import { readSettings, real, whole } from '../attention/settings';
import { toReport, type ErrorReport } from '../errors';
import { patterns, type NumberParameter, type Parameter, type SettingValue } from './patterns';
import type { Settings } from './settings';

type Named = Pick<Parameter, 'label' | 'name'>;

function subject({ label, name }: Named): string {
  const named = `(${name})`;
  return label.endsWith(named) ? label : `${label} ${named}`;
}

function startsWith(sentence: string, start: string): boolean {
  return sentence.startsWith(`${start} `) || sentence.startsWith(`${start}:`);
}

/** The engine's refusals begin with pattern and name; of a parameter that the page has, its label takes their place. */
export function inPageWords(report: ErrorReport, pattern: string): ErrorReport {
  if (report.code !== 'bad-setting') return report;
  const parameters = patterns.find(({ name }) => name === pattern)?.parameters ?? [];
  for (const parameter of parameters) {
    const start = `${pattern}: ${parameter.name}`;
    if (startsWith(report.sentence, start))
      return { ...report, sentence: subject(parameter) + report.sentence.slice(start.length) };
  }
  return report;
}

/** Whether it stands at this parameter's field. */
export function isAbout(report: ErrorReport, parameter: Named): boolean {
  return report.code === 'bad-setting' && startsWith(report.sentence, subject(parameter));
}

function fieldOf({ real: fractions, min, max }: NumberParameter) {
  return fractions ? real(min, min, max) : whole(min, min, max);
}

/** By bounds that no prompt and no model is needed for. */
export function refusalOf(
  pattern: string,
  parameter: Parameter,
  value: SettingValue | undefined,
): ErrorReport | null {
  if (parameter.kind !== 'number' || value === undefined) return null;
  try {
    readSettings(pattern, { [parameter.name]: value }, { [parameter.name]: fieldOf(parameter) });
    return null;
  } catch (error) {
    return inPageWords(toReport(error), pattern);
  }
}

/** Of the pattern that is chosen, the first. */
export function settingsRefusal({
  pattern,
  patternValues,
}: Pick<Settings, 'pattern' | 'patternValues'>): ErrorReport | null {
  const parameters = patterns.find(({ name }) => name === pattern)?.parameters ?? [];
  for (const parameter of parameters) {
    const refused = refusalOf(pattern, parameter, patternValues[pattern]?.[parameter.name]);
    if (refused) return refused;
  }
  return null;
}
