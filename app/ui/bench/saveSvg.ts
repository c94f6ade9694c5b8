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

/** Offers a drawn chart as a file that looks the same in any viewer. */
export function saveSvg(svg: SVGSVGElement, title: string): void {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.style.fontFamily = 'sans-serif';
  const text = resolved(new XMLSerializer().serializeToString(copy));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  link.download = `${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}
