import { expect, test } from 'vitest';
import { settingsText } from './settingsText';

test('short values are spelt out, long texts told apart', () => {
  expect(settingsText({ budget: 'classic', lastQ: 64, on: true })).toBe('budget=classic lastQ=64 on=true');
  const config = '[{"0": ["vertical_and_slash", 1000, 6096, 0.9]}]'.repeat(30);
  const other = config.replace('1000', '1001');
  expect(settingsText({ config })).toMatch(/^config=\(1,440 characters, [0-9a-f]{8}\)$/);
  expect(settingsText({ config: other })).not.toBe(settingsText({ config }));
});
