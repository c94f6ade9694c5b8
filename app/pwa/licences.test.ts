import { expect, it } from 'vitest';
import { licenceText, packageRoot, readLicence } from './licences';

it('knows the package of a module, scoped, nested or virtual', () => {
  expect(packageRoot('/r/node_modules/react/index.js')).toBe('/r/node_modules/react');
  expect(packageRoot('/r/node_modules/@a/b/dist/c.js?x')).toBe('/r/node_modules/@a/b');
  expect(packageRoot('\0/r/node_modules/a/node_modules/b/c.js?commonjs')).toBe(
    '/r/node_modules/a/node_modules/b',
  );
  expect(packageRoot('C:\\r\\node_modules\\react\\index.js')).toBe('C:/r/node_modules/react');
  expect(packageRoot('/r/app/main.tsx')).toBeNull();
});

it('gives the licence that a package came with', () => {
  const react = readLicence('node_modules/react');
  expect(react).toMatchObject({ name: 'react', licence: 'MIT' });
  const text = licenceText(react ? [react] : []);
  expect(text).toContain('Permission is hereby granted');
  expect(readLicence('app')).toBeNull();
});
