/** A headless Chromium with WebGPU: found or installed, on a GPU where there is one, else in software. */
import { execFileSync } from 'node:child_process';
import { chromium, type Browser, type Page } from 'playwright';
import { CliError } from './arguments';
import { findChromium, gpuFlags, softwareFlags } from './chromium';

function quietly(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Path of a Chromium: what is there, else Playwright's download, else Debian's package. */
export function ensureChromium(log: (line: string) => void): string {
  const found = findChromium();
  if (found !== undefined) return found;
  log('No Chromium found. Trying Playwright’s download…');
  if (
    quietly('npx', ['playwright', 'install', '--with-deps', 'chromium']) ||
    quietly('npx', ['playwright', 'install', 'chromium'])
  ) {
    const downloaded = findChromium();
    if (downloaded !== undefined) return downloaded;
  }
  log('Trying the system package…');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args: string[]): boolean => {
    const [command = '', ...rest] = [...sudo, 'apt-get', ...args];
    return quietly(command, rest);
  };
  if (apt('update', '-q') && apt('install', '-y', '-q', 'chromium')) {
    const installed = findChromium();
    if (installed !== undefined) return installed;
  }
  throw new CliError(
    'No Chromium could be found or installed. Install Chrome or Chromium, or set CHROMIUM_PATH to one.',
    1,
  );
}

export interface OpenBrowser {
  browser: Browser;
  page: Page;
  software: boolean;
}

/** Where there is no GPU, Chromium with flags for one may answer a request for an adapter never. */
const adapterLimitMs = 20_000;

async function tryOpen(
  executablePath: string,
  args: readonly string[],
  origin: string,
): Promise<{ browser: Browser; page: Page; has: boolean }> {
  // `headless: false` since the new headless mode is asked for by flag; Playwright's own is the shell without WebGPU.
  const browser = await chromium.launch({
    executablePath,
    headless: false,
    ignoreDefaultArgs: ['--disable-gpu'],
    args: [...args],
  });
  const page = await browser.newPage();
  // esbuild (under tsx) wraps functions in __name, which a function sent to the page lacks.
  await page.addInitScript('globalThis.__name ??= (f) => f');
  await page.goto(origin);
  const has = await page.evaluate(async (limitMs) => {
    const late = new Promise<null>((done) => {
      setTimeout(() => {
        done(null);
      }, limitMs);
    });
    // The first request after launch may answer null on Vulkan; see app/gpu/device.ts.
    for (let tried = 0; tried < 6; tried++) {
      const adapter = await Promise.race([navigator.gpu?.requestAdapter(), late]);
      if (adapter)
        return !/swiftshader|llvmpipe/i.test(`${adapter.info.architecture} ${adapter.info.description}`);
      await new Promise((done) => {
        setTimeout(done, 400);
      });
    }
    return null;
  }, adapterLimitMs);
  return { browser, page, has: has ?? false };
}

/** The page's address, with the kernels that it shall use. */
export function addressOf(origin: string, page: 'cli' | 'bench', tier: string | null): string {
  return `${origin}/?${page}${tier === null ? '' : `&tier=${tier}`}`;
}

/** Opens `origin`, with the switches `gpu` on a GPU. 'auto' tries that first. Throws a `CliError` with code 3 where there is no adapter at all. */
export async function openPage(
  executablePath: string,
  origin: string,
  adapter: 'auto' | 'gpu' | 'software',
  gpu: readonly string[] = gpuFlags,
): Promise<OpenBrowser> {
  if (adapter !== 'software') {
    const opened = await tryOpen(executablePath, gpu, origin);
    if (opened.has) return { browser: opened.browser, page: opened.page, software: false };
    await opened.browser.close();
    if (adapter === 'gpu')
      throw new CliError('No GPU with WebGPU was found (leave out --adapter gpu for software).', 3);
  }
  const { browser, page } = await tryOpen(executablePath, softwareFlags, origin);
  const any = await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) !== null);
  if (!any) {
    await browser.close();
    throw new CliError('This Chromium offers no WebGPU adapter, neither GPU nor software.', 3);
  }
  return { browser, page, software: true };
}
