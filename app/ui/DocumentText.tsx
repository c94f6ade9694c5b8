import { useEffect, useRef, type ClipboardEvent } from 'react';
import { count } from './format';
import { useActions, useDocument, useStores } from './stores';

/** A text field of more than this is slow to lay out; a longer text is shown by its edges. */
export const editable = 200_000;
const head = 2_400;
const tail = 1_200;

export function DocumentText() {
  const large = useDocument((state) => state.text.length > editable);
  return large ? <LargeText /> : <EditableText />;
}

/** Uncontrolled: the browser keeps the text while one types, React hears of it only when it comes from elsewhere. */
function EditableText() {
  const stores = useStores();
  const { document } = useActions();
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    const fill = (): void => {
      const { text } = stores.document.getState();
      // A larger one is about to be shown by its edges: this field must not lay it out first.
      if (field.current && text.length <= editable) field.current.value = text;
    };
    fill();
    return stores.document.subscribe((state, before) => {
      if (state.revision !== before.revision) fill();
    });
  }, [stores]);

  const onPaste = (event: ClipboardEvent<HTMLTextAreaElement>): void => {
    if (pasteFiles(event, document.openFiles)) return;
    const pasted = event.clipboardData.getData('text/plain');
    const { value, selectionStart, selectionEnd } = event.currentTarget;
    if (value.length + pasted.length <= editable) return;
    // Never let the field lay this out, not even once.
    event.preventDefault();
    const text = value.slice(0, selectionStart) + pasted + value.slice(selectionEnd);
    document.replace({ title: 'Pasted text', text });
  };

  return (
    <textarea
      ref={field}
      className="document-text"
      aria-label="Document text"
      rows={7}
      spellCheck={false}
      placeholder="Paste a long text here, drop text, PDF, Word or EPUB files anywhere on the page, or start with a sample."
      onPaste={onPaste}
      onInput={(event) => {
        document.type(event.currentTarget.value);
      }}
    />
  );
}

/** Files copied in a file manager are opened as if dropped; a copied text may come with a picture of it, and is a text. */
function pasteFiles(event: ClipboardEvent, open: (files: readonly File[]) => Promise<void>): boolean {
  const files = [...event.clipboardData.files];
  if (files.length === 0 || event.clipboardData.types.includes('text/plain')) return false;
  event.preventDefault();
  void open(files);
  return true;
}

function LargeText() {
  const { document } = useActions();
  const edges = useDocument(({ text }) => {
    const between = count(text.length - head - tail);
    return `${text.slice(0, head)}\n\n[${between} characters between. All of the text is used; paste to replace it.]\n\n${text.slice(-tail)}`;
  });
  return (
    <textarea
      className="document-text document-large"
      aria-label="Document text, beginning and end"
      rows={7}
      readOnly
      value={edges}
      onPaste={(event) => {
        if (pasteFiles(event, document.openFiles)) return;
        const text = event.clipboardData.getData('text/plain');
        if (text === '') return;
        event.preventDefault();
        document.replace({ title: 'Pasted text', text });
      }}
    />
  );
}
