/** For tests of prompts. */
import { createTokenizer } from './tokenizer';

/** The `tokenizer.json` of a byte-level tokenizer with no merges: one id per UTF-8 byte, and three special tokens. */
export function byteTokenizerJson() {
  const printable = new Set(
    [...Array(256).keys()].filter((b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174),
  );
  let spare = 0;
  const vocab = Object.fromEntries(
    Array.from({ length: 256 }, (_, b) => [String.fromCharCode(printable.has(b) ? b : 256 + spare++), b]),
  );
  const added = ['<|user|>', '<|assistant|>', '<|end|>'].map((content, at) => ({
    id: 256 + at,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: [] },
  };
}

export function byteTokenizer(
  template: unknown = '{% for m in messages %}<|user|>{{ m.content }}{% endfor %}<|assistant|>',
) {
  return createTokenizer(byteTokenizerJson(), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    chat_template: template,
  });
}
