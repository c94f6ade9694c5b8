/** Tokenizer and chat template of a model, by transformers.js; no network and no ONNX session is ever used of it. */
import { PreTrainedTokenizer } from '@xenova/transformers';
import { UserError } from '../errors';

export interface TokenStream {
  /** Text that token `id` completes; incomplete UTF-8 is held back. */
  push(id: number): string;
  /** What is still held back. */
  end(): string;
}

export interface Tokenizer {
  readonly hasTemplate: boolean;
  /** Ids of a text; special tokens in it are recognised, none is added. */
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  /** One token as text, special tokens by their names. */
  tokenText(id: number): string;
  stream(): TokenStream;
  /** A conversation of one user message, ready for the answer. Throws 'bad-model' if there is no template. */
  renderChat(user: string): string;
}

interface TokenizerConfig {
  chat_template?: unknown;
}

/** The template as `tokenizer_config.json` gives it: a string, or a list of named ones with 'default' among them. */
function templateOf(config: TokenizerConfig, separate: string | null): string | null {
  if (separate !== null && separate !== '') return separate;
  const given = config.chat_template;
  if (typeof given === 'string') return given;
  if (!Array.isArray(given)) return null;
  const named = given as { name?: unknown; template?: unknown }[];
  const chosen = named.find(({ name }) => name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : null;
}

/**
 * `tokenizerJson` and `tokenizerConfig` are the parsed files; `separateTemplate` the text of `chat_template.jinja`,
 * where newer repositories keep it.
 */
export function createTokenizer(
  tokenizerJson: object,
  tokenizerConfig: object,
  separateTemplate: string | null = null,
): Tokenizer {
  const template = templateOf(tokenizerConfig ?? {}, separateTemplate);
  let inner: PreTrainedTokenizer;
  try {
    inner = new PreTrainedTokenizer(tokenizerJson, {
      ...tokenizerConfig,
      chat_template: template,
    });
  } catch (error) {
    throw new UserError(
      'bad-model',
      'tokenizer.json could not be read.',
      'Check that the file belongs to this model and is whole.',
      String(error),
    );
  }
  const decode = (ids: readonly number[], skip: boolean): string =>
    ids.length === 0
      ? ''
      : inner.decode([...ids], { skip_special_tokens: skip, clean_up_tokenization_spaces: false });
  return {
    hasTemplate: template !== null,
    encode: (text) => inner.encode(text, { add_special_tokens: false }),
    decode: (ids) => decode(ids, true),
    tokenText: (id) => decode([id], false),
    stream() {
      const ids: number[] = [];
      let shown = '';
      return {
        push(id) {
          ids.push(id);
          const text = decode(ids, true);
          // A replacement character at the end may be the start of a character still to come.
          if (text.endsWith('\ufffd') || !text.startsWith(shown)) return '';
          const fresh = text.slice(shown.length);
          shown = text;
          return fresh;
        },
        end() {
          const text = decode(ids, true);
          return text.startsWith(shown) ? text.slice(shown.length) : '';
        },
      };
    },
    renderChat(user) {
      if (template === null)
        throw new UserError('bad-model', 'This model has no chat template.', 'Choose another model.');
      const rendered: unknown = inner.apply_chat_template([{ role: 'user', content: user }], {
        tokenize: false,
        add_generation_prompt: true,
      });
      return String(rendered);
    },
  };
}
