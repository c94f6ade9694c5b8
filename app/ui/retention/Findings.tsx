import type { RetentionReport } from '../../engine/types';
import { count, counted } from '../format';
import { longestUnread, topPassages, unreadBelow } from './findings';
import { excerpt, lastRowsDense, shareText, type MeasureKind, type Passage } from './passages';

interface FindingsProps {
  report: RetentionReport;
  tokens: number;
  passages: readonly Passage[];
  values: readonly number[];
  kind: MeasureKind;
  text: string | null;
  onJump: (place: number) => void;
}

/** The strip in words: its ten strongest passages, and the longest stretch that was not read. */
export function Findings({ report, tokens, passages, values, kind, text, onJump }: FindingsProps) {
  const top = topPassages(passages, values);
  const whose = lastRowsDense(report) ? 'later rows' : 'last rows';
  const unread = longestUnread(report, tokens);
  return (
    <>
      <p>
        {unread
          ? `Longest stretch that fewer than ${count(100 * unreadBelow)}% of the heads’ ${whose} read: ${counted(unread.endToken - unread.firstToken, 'token')}, from token ${count(unread.firstToken + 1)}.`
          : `No part of the document was read by fewer than ${count(100 * unreadBelow)}% of the heads’ ${whose}.`}{' '}
        {unread && text !== null && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              const passage = passages.find(({ endBin }) => endBin > unread.firstBin);
              if (passage) onJump(passage.at);
            }}
          >
            Show where it begins
          </button>
        )}
      </p>
      {top.length > 0 && (
        <details>
          <summary>The passages with most, as a table</summary>
          <div className="scroll-x">
            <table className="plain">
              <caption className="unseen">{`${kind.label}: the ten passages with most`}</caption>
              <thead>
                <tr>
                  <th scope="col">Tokens</th>
                  <th scope="col">{kind.label}</th>
                  {text !== null && <th scope="col">Begins with</th>}
                </tr>
              </thead>
              <tbody>
                {top.map(({ passage, value }) => (
                  <tr key={passage.at}>
                    <th scope="row">
                      {count(passage.firstToken + 1)} to {count(passage.endToken)}
                    </th>
                    <td>{shareText(value)}</td>
                    {text !== null && passage.characters && (
                      <td>
                        <button
                          type="button"
                          className="quiet reading-link"
                          onClick={() => {
                            onJump(passage.at);
                          }}
                        >
                          {excerpt(text, passage.characters.start, passage.characters.end) || 'blank'}
                        </button>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}
