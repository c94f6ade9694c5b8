import { defineConfig } from '@playwright/test';
import { findChromium, softwareFlags } from './cli/chromium.ts';

const executablePath = findChromium();

/** Specs of a minute and more on two cores. First, so that none of them is left over for one worker at the end. */
const long =
  /(a11y|compare|conversation|embed|heads|headsFile|lost-device|retention|scaling|search)\.spec\.ts$/;

/** Specs that measure how long the page's thread was busy: by the clock, so that nothing else may run. */
const timed = /(responsive|large-texts)\.spec\.ts$/;

/** A real Chromium with WebGPU in software, two at a time: SwiftShader compiles kernels on one thread and computes on all. */
export default defineConfig({
  testDir: 'e2e',
  timeout: 300_000,
  expect: { timeout: 15_000 },
  workers: 2,
  globalSetup: './e2e/fixtures/build.ts',
  projects: [
    { name: 'long', testMatch: long, fullyParallel: true },
    { name: 'short', testIgnore: [long, timed], fullyParallel: false },
    { name: 'timed', testMatch: timed, workers: 1 },
  ],
  forbidOnly: true,
  reporter: 'list',
  outputDir: 'test-results',
  use: {
    actionTimeout: 20_000,
    // A kept page would answer in the place of the build under test; offline.spec.ts asks for it.
    serviceWorkers: 'block',
    viewport: { width: 1280, height: 900 },
    // Playwright's own headless mode is the headless shell, which has no WebGPU; the flag asks for the real one.
    headless: false,
    launchOptions: {
      ...(executablePath !== undefined && { executablePath }),
      args: softwareFlags,
      ignoreDefaultArgs: ['--disable-gpu'],
    },
  },
});
