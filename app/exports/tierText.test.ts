import { expect, test } from 'vitest';
import { tierText } from './tierText';

test('names the tier of attention only where it differs', () => {
  expect(tierText({ tier: 'f16' })).toBe('f16');
  expect(tierText({ tier: 'f16-subgroups', attentionTier: 'subgroup-matrix' })).toBe(
    'f16-subgroups, attention subgroup-matrix',
  );
});
