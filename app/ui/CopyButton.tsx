import { useState } from 'react';

interface CopyButtonProps {
  label: string;
  text: () => string;
}

export function CopyButton({ label, text }: CopyButtonProps) {
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setState('copied');
    } catch {
      setState('refused');
    }
    setTimeout(() => {
      setState('ready');
    }, 2_500);
  };
  const shown = { ready: label, copied: 'Copied', refused: 'The browser refused to copy' }[state];
  return (
    <button type="button" className="quiet" onClick={() => void copy()}>
      <span aria-live="polite">{shown}</span>
    </button>
  );
}
