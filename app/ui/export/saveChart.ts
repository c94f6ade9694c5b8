/** Charts as files that look the same in any viewer. */
import { download } from '../download';

/** Colours of the page are custom properties, which mean nothing outside it: each becomes what it is on screen now. */
function resolved(text: string): string {
  const probe = document.createElement('span');
  document.body.append(probe);
  const result = text.replaceAll(/var\(--[\w-]+\)/g, (name) => {
    probe.style.color = name;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return result;
}

/** The markup of a chart that is on the page. */
export function markupOf(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.style.fontFamily = 'sans-serif';
  return new XMLSerializer().serializeToString(copy);
}

function fileName(title: string, extension: string): string {
  return `${title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')}.${extension}`;
}

function svgBlob(markup: string): Blob {
  return new Blob([resolved(markup)], { type: 'image/svg+xml' });
}

export function saveSvg(markup: string, title: string): void {
  download(fileName(title, 'svg'), svgBlob(markup));
}

/** Twice as many pixels as the chart has units, on the page's own background. Rejects where it can't be drawn. */
export async function savePng(markup: string, title: string): Promise<void> {
  const url = URL.createObjectURL(svgBlob(markup));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no 2D canvas');
    context.fillStyle = resolved('var(--paper)');
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((done) => {
      canvas.toBlob(done, 'image/png');
    });
    if (!png) throw new Error('no PNG was made');
    download(fileName(title, 'png'), png);
  } finally {
    URL.revokeObjectURL(url);
  }
}
