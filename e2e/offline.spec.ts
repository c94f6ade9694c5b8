/** Once visited, the page and the built-in model need no server; a new version asks before it takes over. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { dist, serveSite, type Site } from '../cli/site';
import { App, expect, test } from './fixtures/app';

test.use({ serviceWorkers: 'allow' });

/** A build of the test's own under a path of its own, which it may change and take away. */
const folder = mkdtempSync(join(tmpdir(), 'minference-site-'));
let site: Site;
let url: string;

// `origin` has the page built.
test.beforeAll(async ({ origin }) => {
  expect(origin).toContain('127.0.0.1');
  cpSync(dist, folder, { recursive: true });
  site = await serveSite({ folder });
  url = `${site.origin}/model/index.html`;
});

test.afterAll(async () => {
  await site.close();
  rmSync(folder, { recursive: true });
});

async function openKept(page: Page): Promise<void> {
  await page.goto(url);
  await expect(page.getByText('also work offline')).toBeVisible({ timeout: 120_000 });
}

/** As a deployment would: another page, and the service worker that a build of it would have. */
function deploy(title: string): void {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const index = readFileSync(join(folder, 'index.html'), 'utf8');
  const next = index.replace(/<title>.*<\/title>/, `<title>${title}</title>`);
  expect(next).not.toBe(index);
  writeFileSync(join(folder, 'index.html'), next);
  const worker = readFileSync(join(folder, 'sw.js'), 'utf8');
  const version = /version:\s*[`"']([0-9a-f]{12})[`"']/.exec(worker)?.[1] ?? '';
  expect(version).not.toBe('');
  expect(worker).toContain(hash(index));
  writeFileSync(
    join(folder, 'sw.js'),
    worker.replace(hash(index), hash(next)).replace(version, hash(next).slice(0, 12)),
  );
}

test('a new version asks before it reloads the page', async ({ page }) => {
  await openKept(page);
  const toast = page.getByText('A new version is ready.');
  await expect(toast).toHaveCount(0);
  await page.evaluate(() => {
    document.title = 'untouched';
  });
  deploy('The next version');
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await expect(toast).toBeVisible({ timeout: 60_000 });
  await expect(page).toHaveTitle('untouched');
  // A reload by hand shows the version at hand, and the offer again.
  await page.reload();
  await expect(page).toHaveTitle('MInference in the browser');
  await expect(toast).toBeVisible({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Later' }).click();
  await expect(toast).toHaveCount(0);
  await page.reload();
  await expect(toast).toBeVisible({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(page).toHaveTitle('The next version');
  const kept = await page.evaluate(() => caches.keys());
  expect(kept.filter((name) => name.startsWith('minference-shell-'))).toHaveLength(2);
  expect(kept.filter((name) => name.startsWith('minference-model-'))).toHaveLength(1);
});

test('a half-finished deployment never gets in', async ({ page }) => {
  await openKept(page);
  const index = readFileSync(join(folder, 'index.html'), 'utf8');
  deploy('Half of a version');
  // The worker is there already, and the page is not.
  writeFileSync(join(folder, 'index.html'), index);
  const states = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const installing = new Promise<string>((done) => {
      registration?.addEventListener('updatefound', () => {
        registration.installing?.addEventListener('statechange', (event) => {
          done((event.target as ServiceWorker).state);
        });
      });
    });
    await registration?.update();
    return installing;
  });
  expect(states).toBe('redundant');
  await expect(page.getByText('A new version is ready.')).toHaveCount(0);
});

// Last, as it takes the server away.
test('without a network and without its server, the page and the built-in model are ready', async ({
  page,
  context,
}) => {
  // The test before left a worker that no build would have made.
  cpSync(dist, folder, { recursive: true });
  await openKept(page);
  await site.close();
  await context.setOffline(true);
  await page.reload();
  const app = new App(page);
  await expect(app.runButton).toBeEnabled({ timeout: 120_000 });
  await app.takeSample('Report');
  await expect(page.getByText(/Prompt of [\d,]+ tokens needs .+; fits/)).toBeVisible({ timeout: 60_000 });
  // Parts that are loaded at need, and the installable manifest.
  const parts = await page.evaluate(async () => {
    const manifest = document.querySelector<HTMLLinkElement>('link[rel=manifest]')?.href ?? '';
    const answer = (await (await fetch(manifest)).json()) as { icons: { src: string }[]; display: string };
    const icons = await Promise.all(answer.icons.map(({ src }) => fetch(new URL(src, manifest))));
    return { display: answer.display, icons: icons.map(({ ok }) => ok) };
  });
  expect(parts).toEqual({ display: 'standalone', icons: [true, true, true] });
});
