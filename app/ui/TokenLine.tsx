import { count, counted } from './format';
import { useDocument, useModel, usePrompt } from './stores';

/** Characters a token has on average in English, where no model is there to count. */
const charactersPerToken = 4;

export function TokenLine() {
  const characters = useDocument((state) => state.text.length);
  // Files without pages among them would make the sum a lie.
  const pages = useDocument(({ files }) =>
    files.length > 0 && files.every((file) => file.pages !== undefined)
      ? files.reduce((sum, file) => sum + (file.pages ?? 0), 0)
      : null,
  );
  const hasModel = useModel((state) => state.model !== null);
  const counting = usePrompt((state) => state.counting);
  // While another count is under way these are of the text before.
  const tokens = usePrompt((state) => (state.counting ? null : state.count));
  const error = usePrompt((state) => (state.counting ? null : state.error));
  if (characters === 0) return null;
  return (
    <div className="token-line">
      <p>
        {tokens ? (
          <span>
            <strong>{counted(tokens.document, 'token')}</strong>
            {tokens.truncated && ' kept'}
          </span>
        ) : (
          <span>
            {counting || hasModel
              ? 'counting…'
              : `about ${counted(Math.round(characters / charactersPerToken), 'token')}`}
          </span>
        )}
        <span className="soft"> {counted(characters, 'character')}</span>
        {pages !== null && <span className="soft"> {counted(pages, 'page')}</span>}
      </p>
      {tokens?.truncated && (
        <output className="warning">
          Too long: the prompt takes {count(tokens.prompt)} tokens, so the middle of the document will be left
          out.
        </output>
      )}
      {error && (
        <output className="warning">
          {error.sentence} {error.remedy}
        </output>
      )}
    </div>
  );
}
