import { useEffect, useState } from 'react';
import type { ErrorReport } from '../errors';
import { toReport } from '../errors';
import { CopyButton } from './CopyButton';
import { Dialog } from './Dialog';
import { useActions } from './stores';
import { texts } from './texts';

type Made = { link: string; error: null } | { link: null; error: ErrorReport } | null;

/** A share link of a run, or with null of what is set on the page. */
export function ShareDialog({ run }: { run: string | null }) {
  const { sharing, page } = useActions();
  const [question, setQuestion] = useState(false);
  const [document, setDocument] = useState(false);
  const [made, setMade] = useState<Made>(null);

  useEffect(() => {
    let stale = false;
    const { origin, pathname } = location;
    sharing.link(run, { question, document }, origin + pathname).then(
      (link) => {
        if (!stale) setMade({ link, error: null });
      },
      (error: unknown) => {
        if (!stale) setMade({ link: null, error: toReport(error) });
      },
    );
    return () => {
      stale = true;
    };
  }, [sharing, run, question, document]);

  const { share } = texts;
  return (
    <Dialog title={share.title} onClose={page.close}>
      <p>{run === null ? share.ofPage : share.ofRun}</p>
      <div className="stack">
        <Tick label={share.question} checked={question} onChange={setQuestion} />
        <Tick label={share.document} checked={document} onChange={setDocument} />
        {document && <p className="help">{share.documentHelp}</p>}
        <div aria-live="polite">
          {made?.error && (
            <p className="warning">
              {made.error.sentence} {made.error.remedy}
            </p>
          )}
        </div>
      </div>
      {made?.link && (
        <div className="field">
          <label htmlFor="share-link">{share.link}</label>
          <input
            id="share-link"
            readOnly
            value={made.link}
            aria-describedby="share-length"
            onFocus={(event) => {
              event.target.select();
            }}
          />
          <p className="help" id="share-length">
            {share.length(made.link.length)}
          </p>
          <CopyButton label={share.copy} text={() => made.link} />
        </div>
      )}
    </Dialog>
  );
}

interface TickProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Tick({ label, checked, onChange }: TickProps) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => {
          onChange(event.target.checked);
        }}
      />
      <span>{label}</span>
    </label>
  );
}
