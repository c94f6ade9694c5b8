/**
 * The predefined character maps (CMaps) of pdf.js, by file name, as data addresses. One chunk of 1.5 MB that is loaded
 * when a PDF names the first: as files they would be 168, all of which an installed page fetches for offline use.
 */
const maps = import.meta.glob<string>('/node_modules/pdfjs-dist/cmaps/*.bcmap', {
  query: '?url&inline',
  import: 'default',
  eager: true,
});
const byName = new Map(
  Object.entries(maps).map(([path, url]) => [path.slice(path.lastIndexOf('/') + 1), url]),
);

export function characterMapUrl(filename: string): string | undefined {
  return byName.get(filename);
}
