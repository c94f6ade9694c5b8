/**
 * Dense prefill of one model shape here and in onnxruntime-web, measured in one run of one browser (see README.md):
 * engines take turns at each length, and of the other engine the fastest configuration counts.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { CliError } from '../../cli/arguments';
import { addressOf, ensureChromium, openPage, type OpenBrowser } from '../../cli/browser';
import { gpuFlags, softwareFlags, userGpuFlags } from '../../cli/chromium';
import { buildIfNeeded, root, serveSite } from '../../cli/site';
import { Folder } from './folder';
import { parseOptions, usage, type Options } from './options';
import { measureOurs, merged, type OurMeasurement } from './ours';
import { ratiosOf, reportText, type PeersResult } from './report';
import { Theirs, type PeerMeasurement } from './theirs';

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

interface Opened extends OpenBrowser {
  flags: readonly string[];
  f16: boolean;
  subgroups: boolean;
}

async function featuresOf(opened: OpenBrowser): Promise<{ f16: boolean; subgroups: boolean }> {
  return opened.page.evaluate(async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const has = (name: string): boolean => adapter?.features.has(name) ?? false;
    return { f16: has('shader-f16'), subgroups: has('subgroups') };
  });
}

/** With the switches that users have where these give a GPU with f16, else with those of the other commands. */
async function openBrowser(origin: string, adapter: Options['adapter']): Promise<Opened> {
  const path = ensureChromium(log);
  const address = addressOf(origin, 'bench', null);
  if (adapter !== 'software') {
    for (const flags of [userGpuFlags, gpuFlags]) {
      const opened = await openPage(path, address, 'gpu', flags).catch((error: unknown) => {
        if (error instanceof CliError && error.exitCode === 3) return null;
        throw error;
      });
      if (!opened) continue;
      const features = await featuresOf(opened);
      if (features.f16 || flags === gpuFlags) return { ...opened, ...features, flags };
      await opened.browser.close();
    }
    if (adapter === 'gpu') throw new CliError('No GPU with WebGPU was found.', 3);
  }
  const opened = await openPage(path, address, 'software');
  return { ...opened, ...(await featuresOf(opened)), flags: softwareFlags };
}

/** The fastest of our tiers that needs no experimental feature; the page chooses by itself where there is no such. */
function tierOf({ f16, subgroups }: Opened): string {
  if (!f16) return 'portable';
  return subgroups ? 'f16-subgroups' : 'f16';
}

async function compare(
  options: Options,
  opened: Opened,
  origin: string,
  folder: Folder,
): Promise<PeersResult> {
  const { page, software, f16 } = opened;
  page.on('pageerror', (error) => {
    log(error.message);
  });
  await page.goto(addressOf(origin, 'bench', options.tier ?? tierOf(opened)));
  await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
  const float = f16 ? 'f16' : 'f32';
  const { ort: _ort, out, ...asked } = options;
  const result: PeersResult = {
    version: 1,
    date: new Date().toISOString(),
    browser: await page.evaluate(() => navigator.userAgent),
    flags: opened.flags,
    software,
    options: asked,
    float,
    ours: null,
    theirs: null,
    lengths: [],
  };
  let theirs: Theirs | null = null;
  if (options.only !== 'ours') {
    const base = `${origin}/model/`;
    const empty = folder.add('empty.html', () =>
      new TextEncoder().encode('<!doctype html><title>peer</title>'),
    );
    const openTab = async (): Promise<Page> => {
      const tab = await opened.browser.newPage();
      await tab.addInitScript('globalThis.__name ??= (f) => f');
      await tab.goto(`${base}${empty}`);
      return tab;
    };
    theirs = new Theirs({ openTab, folder, base, float, software }, options, log);
  }
  for (const tokens of options.tokens) {
    let ours: OurMeasurement | null = null;
    let peers: PeerMeasurement[] = [];
    for (let round = 0; round < options.rounds; round++) {
      if (options.only !== 'theirs') {
        log(`ours, ${tokens} tokens`);
        await page.bringToFront();
        const { measurement, result: page_ } = await measureOurs(page, options, tokens);
        ours = merged(ours, measurement, tokens);
        result.ours = { adapter: page_.adapter, commit: page_.commit };
      }
      const next: PeerMeasurement[] = [];
      for (const variant of theirs ? options.variants : []) {
        const known = peers.find((peer) => peer.variant === variant);
        const measured = known ? theirs?.again(known, tokens) : theirs?.tune(variant, tokens);
        if (measured) next.push(await measured);
      }
      peers = next;
    }
    if (theirs) {
      const { version, features } = theirs;
      result.theirs = { package: 'onnxruntime-web', version, build: options.build, features };
    }
    result.lengths.push({ tokens, ours, theirs: peers, ratios: ratiosOf(ours, peers) });
    // After each length, so that a run that is cut off keeps what it had.
    if (out !== null) writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
  }
  return result;
}

async function main(argv: readonly string[]): Promise<void> {
  const options = parseOptions(argv);
  if (!options) {
    console.log(usage);
    return;
  }
  const folder = new Folder();
  try {
    await measure(options, folder);
  } finally {
    folder.remove();
  }
}

async function measure(options: Options, folder: Folder): Promise<void> {
  if (options.only !== 'ours') {
    const from = options.ort ?? join(root, 'bench/peers/node_modules/onnxruntime-web/dist');
    folder.addBuild(resolve(from), options.build);
  }
  await buildIfNeeded(log);
  const site = await serveSite({ folder: folder.path });
  try {
    const opened = await openBrowser(site.origin, options.adapter);
    try {
      log(opened.software ? 'Software WebGPU: correct, not fast.' : 'GPU found.');
      const result = await compare(options, opened, site.origin, folder);
      console.log(reportText(result));
      const failed = result.lengths.flatMap(({ theirs }) => theirs).filter(({ best }) => best === null);
      if (failed.length > 0)
        throw new CliError(
          `onnxruntime-web could not run: ${failed.map(({ variant }) => variant).join(', ')}`,
          1,
        );
    } finally {
      await opened.browser.close();
    }
  } finally {
    await site.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof CliError ? error.exitCode : 1;
});
