import { expect, it } from 'vitest';
import { startsOffScreen } from './intoView';

it('is off screen above the window as well as low in it', () => {
  expect(startsOffScreen(-1, 900)).toBe(true);
  expect(startsOffScreen(700, 900)).toBe(true);
  expect(startsOffScreen(0, 900)).toBe(false);
  expect(startsOffScreen(600, 900)).toBe(false);
});
