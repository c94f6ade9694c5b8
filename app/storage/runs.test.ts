import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { gpuRun, softwareRun } from './fixtures';
import { openRunStorage } from './runs';

it('keeps runs and documents beyond the one that opened them', async () => {
  const storage = openRunStorage('test');
  await storage.put([gpuRun, softwareRun]);
  await storage.putDocument('a', 'first');
  await storage.putDocument('b', 'second');
  const again = openRunStorage('test');
  expect(await again.all()).toEqual([gpuRun, softwareRun]);
  expect(await again.document('a')).toBe('first');

  await again.put([{ ...gpuRun, name: 'renamed' }]);
  await again.remove([softwareRun.id]);
  await again.pruneDocuments(new Set(['b']));
  expect(await storage.all()).toEqual([{ ...gpuRun, name: 'renamed' }]);
  expect(await storage.document('a')).toBeUndefined();
  expect(await storage.document('b')).toBe('second');
});
