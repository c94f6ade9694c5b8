import { useEffect, useId, useRef, type FormEvent, type KeyboardEvent } from 'react';
import { conversationOf, endedBy, type Ended } from '../state/conversation';
import type { FinishedRun } from '../state/run';
import { ErrorNote } from './ErrorNote';
import { bytes, counted } from './format';
import { useActions, useBusy, useConversation, useDocument, useModel, useSettings } from './stores';
import { texts } from './texts';

const { conversation: words } = texts;

/** The field below the answers for a further question; where there can be none, a line that says why. */
export function AskAnother({ run }: { run: FinishedRun }) {
  const ended = useEnded(run);
  const error = useConversation((state) =>
    state.error?.conversation === conversationOf(run) ? state.error.report : null,
  );
  const { conversation } = useActions();
  if (ended === 'ids') return null;
  return (
    <section aria-label={words.label}>
      {error && <ErrorNote error={error} onDismiss={conversation.dismissError} />}
      {ended === null ? <Field run={run} /> : <p className="help">{words.ended[ended]}</p>}
    </section>
  );
}

function useEnded(run: FinishedRun): Ended | null {
  const text = useDocument((state) => state.text);
  const model = useModel((state) => state.model?.id ?? null);
  const settings = useSettings((state) => state);
  return endedBy(run, { text, model, settings });
}

function Field({ run }: { run: FinishedRun }) {
  const id = useId();
  const draft = useConversation((state) => state.draft);
  const refocus = useConversation((state) => state.refocus);
  const kept = useConversation((state) => state.kept !== null);
  const busy = useBusy();
  const { conversation } = useActions();
  const field = useRef<HTMLInputElement>(null);

  // The field was away while its question ran, and the keyboard with it.
  useEffect(() => {
    if (!refocus) return;
    field.current?.focus();
    conversation.focused();
  }, [refocus, conversation]);

  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    void conversation.ask(run.id);
  };
  // Elsewhere on the page these keys run what is set on the left.
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    void conversation.ask(run.id);
  };
  return (
    <form className="ask" onSubmit={onSubmit}>
      <label htmlFor={id}>{words.label}</label>
      <div className="ask-row">
        <input
          id={id}
          ref={field}
          value={draft}
          autoComplete="off"
          placeholder={kept ? words.placeholder : words.placeholderAnew}
          aria-describedby={`${id}-kept`}
          onChange={(event) => {
            conversation.write(event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
        <button
          type="submit"
          className="primary"
          disabled={busy !== null || draft.trim() === ''}
          title={busy ?? undefined}
        >
          {words.ask}
        </button>
      </div>
      <KeptLine id={`${id}-kept`} run={run} />
    </form>
  );
}

function KeptLine({ id, run }: { id: string; run: FinishedRun }) {
  const kept = useConversation((state) => state.kept);
  const busy = useBusy();
  const { conversation } = useActions();
  if (!kept)
    return (
      <p className="help" id={id}>
        {[run.result.kept?.note, words.notKept].filter(Boolean).join(' ')}
      </p>
    );
  return (
    <div className="kept-line">
      <p className="help" id={id}>
        {words.kept(counted(kept.tokens, 'token'), bytes(kept.bytes))}
      </p>
      <button
        type="button"
        className="quiet"
        disabled={busy !== null}
        title={busy ?? undefined}
        onClick={() => void conversation.forget()}
      >
        {words.forget}
      </button>
    </div>
  );
}
