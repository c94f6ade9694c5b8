/** `npm start`: builds, serves, prints the address, opens a browser where there is one. */
import { spawn } from 'node:child_process';
import { buildIfNeeded, serveSite } from './site';

const preferredPort = 5173;

function openBrowser(url: string): void {
  if (process.env.CI || process.env.NO_BROWSER) return;
  const headlessLinux = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
  if (headlessLinux) return;
  const [command, ...prefix] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '']
        : ['xdg-open'];
  const child = spawn(command ?? 'open', [...prefix, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {
    console.log('No browser could be opened; open the address by hand.');
  });
  child.unref();
}

await buildIfNeeded(console.log);
const site = await serveSite({ port: preferredPort }).catch(() => serveSite());
console.log(`\nMInference in the browser: ${site.origin}\nEverything stays on this machine. Ctrl+C stops.`);
openBrowser(site.origin);
