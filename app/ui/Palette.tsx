/* oxlint-disable jsx-a11y/prefer-tag-over-role -- no element of HTML is a combobox whose options show keys */
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { Dialog } from './Dialog';
import type { Action } from './actions';
import { commands, matching } from './commands';
import { pageTexts } from './pageTexts';
import { useActions, useStores } from './stores';

const { palette: words } = pageTexts;

/** Every action by its words: a combobox over a list, as the ARIA practices have it. The focus stays in the field. */
export function Palette() {
  const id = useId();
  const stores = useStores();
  const { page } = useActions();
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // After the dialog has opened, which gives the focus to its first button.
  useEffect(() => {
    field.current?.focus();
  }, []);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  // What was possible when the palette was opened; it is checked again before it is done.
  const [possible] = useState(() => commands.filter((action) => action.enabled(stores)));
  const found = matching(possible, typed);
  const current = found[Math.min(at, found.length - 1)];

  const perform = (action: Action | undefined): void => {
    if (!action?.enabled(stores)) return;
    page.close();
    action.perform(stores);
  };
  const move = (to: number): void => {
    const next = (to + found.length) % Math.max(1, found.length);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const index = current ? found.indexOf(current) : 0;
    const target = { ArrowDown: index + 1, ArrowUp: index - 1 }[event.key];
    if (target !== undefined) move(target);
    else if (event.key === 'Enter') perform(current);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title={words.title} onClose={page.close}>
      <div className="palette">
        <input
          ref={field}
          role="combobox"
          aria-label={words.label}
          aria-autocomplete="list"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={current && `${id}-${current.id}`}
          placeholder={words.placeholder}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div className="options" ref={list} id={id} role="listbox" aria-label={words.title}>
          {found.map((action) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field above has the keys
            <div
              key={action.id}
              id={`${id}-${action.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={action === current}
              onClick={() => {
                perform(action);
              }}
            >
              {action.label} {action.keys !== undefined && <kbd>{action.keys}</kbd>}
            </div>
          ))}
        </div>
        <output className="help">{found.length === 0 && words.none}</output>
      </div>
    </Dialog>
  );
}
