import { existsSync } from 'node:fs';
import { chromium } from 'playwright';

/** Where Debian, Ubuntu, Fedora, macOS and Windows put a Chromium or Chrome that has WebGPU. */
const systemBrowsers = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Path of a full Chromium (never the headless shell, which lacks WebGPU): $CHROMIUM_PATH, Playwright's, the system's. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named) return named;
  const candidates = [chromium.executablePath(), ...systemBrowsers];
  return candidates.find((path) => path !== '' && existsSync(path));
}

const common = [
  '--headless=new',
  '--no-sandbox',
  '--no-first-run',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--enable-unsafe-webgpu',
  '--ignore-gpu-blocklist',
];

/**
 * Software WebGPU (SwiftShader): correctness only. Asked to zero workgroup memory, SwiftShader writes out one store a value,
 * so that a kernel with 16 KiB takes 4 s to compile; without the extension Dawn zeroes it by a loop in the shader, and it
 * takes a quarter of one. The switch may go when SwiftShader makes a loop of it.
 */
export const softwareFlags = [
  ...common,
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

/** A GPU under Linux with Vulkan; Chromium hides shader-f16 on NVIDIA there without the named toggle. */
export const gpuFlags = [
  ...common,
  '--disable-gpu-sandbox',
  '--enable-features=Vulkan',
  '--use-gl=angle',
  '--use-angle=vulkan',
  '--disable-vulkan-surface',
  '--ozone-platform=headless',
  '--enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,use_vulkan_memory_model',
];

/**
 * The same GPU as users have it: no switch that offers experimental features, just f16, which other systems have
 * without one. For measurements whose figures must be theirs.
 */
export const userGpuFlags = [
  ...gpuFlags.filter(
    (flag) => flag !== '--enable-unsafe-webgpu' && !flag.startsWith('--enable-dawn-features'),
  ),
  '--enable-dawn-features=vulkan_enable_f16_on_nvidia',
];

/** Kernel tests run in software unless WEBGPU_TEST_ADAPTER=gpu, so that they mean the same on every machine. */
export function gpuTestFlags(): string[] {
  return process.env.WEBGPU_TEST_ADAPTER === 'gpu' ? gpuFlags : softwareFlags;
}
