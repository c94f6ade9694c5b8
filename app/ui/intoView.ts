/** Below this share of the window's height the beginning of a run shows too little of it. */
const lowest = 0.7;

/** Whether what begins at `top`, px below the window's upper edge, has its beginning off screen on either side. */
export function startsOffScreen(top: number, windowHeight: number): boolean {
  return top < 0 || top > windowHeight * lowest;
}

function behaviour(): ScrollBehavior {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth';
}

/** Scrolls to the beginning of an element, unless it is on screen as things are. */
export function bringIntoView(element: HTMLElement | null): void {
  if (element && startsOffScreen(element.getBoundingClientRect().top, window.innerHeight))
    element.scrollIntoView({ block: 'start', behavior: behaviour() });
}

/** Scrolls no further than it takes to see an element. */
export function bringNearest(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest', behavior: behaviour() });
}
