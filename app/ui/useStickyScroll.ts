import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';

/** This near to the end of a growing text a reader is following it, px. */
const near = 120;

/** Keeps the end of a growing text on screen while the reader follows it; who scrolls away is left alone. */
export function useStickyScroll(text: string): RefObject<HTMLParagraphElement | null> {
  const element = useRef<HTMLParagraphElement>(null);
  const follows = useRef(true);

  useEffect(() => {
    const onScroll = (): void => {
      const bottom = element.current?.getBoundingClientRect().bottom;
      if (bottom !== undefined) follows.current = bottom <= window.innerHeight + near;
    };
    onScroll();
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      window.removeEventListener('scroll', onScroll);
    };
  }, []);

  useLayoutEffect(() => {
    const bottom = element.current?.getBoundingClientRect().bottom ?? 0;
    const hidden = bottom + 16 - window.innerHeight;
    if (text !== '' && follows.current && hidden > 0) window.scrollBy({ top: hidden, behavior: 'instant' });
  }, [text]);

  return element;
}
