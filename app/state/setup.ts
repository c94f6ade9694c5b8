/** Setups on the page: taking one from the settings or from a run, and filling one in. */
import { UserError } from '../errors';
import type { PatternRequest } from '../engine/types';
import type { FinishedRun } from '../storage/savedRun';
import type { Setup } from '../storage/setup';
import { patternChoice, patterns, type Parameter, type SettingValue } from './patterns';
import { requestSettings, withoutUnreadable, type Settings } from './settings';

export function setupOfSettings(settings: Settings): Setup {
  const { pattern, maxNewTokens, sampling, order, dense } = requestSettings(withoutUnreadable(settings));
  return { pattern, context: settings.context, newTokens: maxNewTokens, sampling, order, dense };
}

export function setupOfRun({ context, result }: FinishedRun): Setup {
  const { pattern, maxNewTokens, sampling, order, dense } = result.request;
  return { pattern, context, newTokens: maxNewTokens, sampling, order, dense };
}

/**
 * The settings that a setup comes to; other patterns keep what was set for them. `model` is what it was made with.
 * Throws 'bad-setting' naming a pattern or parameter that this page does not offer, or a value out of range.
 */
export function settingsOfSetup(
  setup: Setup,
  before: Settings,
  model: string | null = null,
): Partial<Settings> {
  const { pattern, context, newTokens, sampling, order, dense } = setup;
  const values = pageValues(pattern);
  return {
    pattern: pattern.name,
    patternValues: { ...before.patternValues, [pattern.name]: values },
    ...(pattern.name === 'minference' && { configModel: values.config === undefined ? null : model }),
    context,
    newTokens,
    ...sampling,
    order,
    withDense: dense,
  };
}

function pageValues({ name, set }: PatternRequest): Record<string, SettingValue> {
  if (!patterns.some((pattern) => pattern.name === name))
    throw refusal(`pattern: this page offers no '${name}'`);
  const { parameters } = patternChoice(name);
  return Object.fromEntries(
    Object.entries(set).map(([key, value]) => {
      const parameter = parameters.find((candidate) => candidate.name === key);
      if (!parameter) throw refusal(`pattern.set.${key}: ${name} has no such setting on this page`);
      return [key, pageValue(parameter, value)];
    }),
  );
}

function pageValue(parameter: Parameter, value: SettingValue): SettingValue {
  const { kind, name } = parameter;
  switch (kind) {
    case 'choice': {
      const allowed = parameter.options.map((option) => option.value);
      if (typeof value === 'string' && allowed.includes(value)) return value;
      throw refusal(`pattern.set.${name}: use ${allowed.join(' or ')}`);
    }
    case 'file':
      if (typeof value !== 'string') throw refusal(`pattern.set.${name}: a file's text`);
      // Of what model it is can only be told when one is loaded.
      parameter.summary(value, null);
      return value;
    case 'number':
    case 'share': {
      // A command line gives numbers as text.
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      const { min, max } = parameter;
      if (typeof number === 'number' && number >= min && number <= max) return number;
      throw refusal(`pattern.set.${name}: from ${min} to ${max}`);
    }
  }
}

function refusal(reason: string): UserError {
  return new UserError(
    'bad-setting',
    `These settings can’t be filled in (${reason}).`,
    'Your own settings are untouched.',
  );
}
