import { execFileSync } from 'node:child_process';
import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findChromium, gpuTestFlags } from './cli/chromium.ts';
import { wgsl } from './app/gpu/wgslPlugin.ts';
import { licences } from './app/pwa/licences.ts';
import { serviceWorker } from './app/pwa/plugin.ts';

/** Recorded in results; empty outside a git checkout. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

const licence = licences('licences.txt');

export default defineConfig({
  define: { __COMMIT__: JSON.stringify(commit()) },
  // Relative, so that the built page works under any path of any static server.
  base: './',
  plugins: [wgsl('shaders'), react(), licence.write(), serviceWorker()],
  resolve: {
    alias: {
      // transformers.js serves tokenizers and chat templates here; no ONNX session is ever made, so its 27 MB of
      // WebAssembly stay out and the interface package with the same exports takes their place.
      'onnxruntime-web/webgpu': 'onnxruntime-common',
      'onnxruntime-web': 'onnxruntime-common',
    },
  },
  worker: { format: 'es', plugins: () => [wgsl('shaders'), licence.collect()] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1600 },
  server: { fs: { strict: true } },
  // Found late by tests in the browser, each would reload the page under them.
  optimizeDeps: {
    include: [
      '@xenova/transformers',
      'react-dom/client',
      'valibot',
      'webgpu-utils',
      'zustand',
      'zustand/vanilla',
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          // Some tests try every 16-bit value or hundreds of cases; a busy machine needs its time.
          testTimeout: 30_000,
          setupFiles: ['app/gpu/testing.node.ts'],
          // Its package.json names an ES module that Node takes for CommonJS.
          server: { deps: { inline: ['webgpu-utils'] } },
          include: ['app/**/*.test.ts', 'bench/peers/*.test.ts', 'cli/**/*.test.ts'],
          exclude: ['app/**/*.gpu.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: ['app/**/*.gpu.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // One page for all files: a device of its own for each would compile the same kernels again, on one thread.
          isolate: false,
          browser: {
            enabled: true,
            // `headless: false` because the new headless mode is asked for by flag:
            // Playwright's own headless mode runs the headless shell, which has no WebGPU.
            headless: false,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: findChromium() ?? '',
                ignoreDefaultArgs: ['--disable-gpu'],
                args: gpuTestFlags(),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
