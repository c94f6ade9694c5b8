import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UserError } from '../errors';
import { createToastStore, toastActions } from './toasts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('goes by itself, unless it is an error or being looked at', () => {
  const store = createToastStore();
  const actions = toastActions(store);
  const texts = (): string[] => store.getState().toasts.map(({ text }) => text);
  actions.say('plain');
  actions.sayError(new UserError('bad-setting', 'It broke.', 'Mend it.'));
  actions.hold();
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(['plain', 'It broke. Mend it.']);
  actions.release();
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(['It broke. Mend it.']);
});

it('makes room for a fourth', () => {
  const store = createToastStore();
  const actions = toastActions(store);
  for (const text of ['a', 'b', 'c', 'd']) actions.say(text);
  expect(store.getState().toasts.map(({ text }) => text)).toEqual(['b', 'c', 'd']);
});
