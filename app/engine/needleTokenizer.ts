/** For tests of prompts: the built-in model's. */
import { readFileSync } from 'node:fs';
import { createTokenizer, type Tokenizer } from './tokenizer';

export function needleTokenizer(): Tokenizer {
  const file = (name: string): object =>
    JSON.parse(readFileSync(`public/models/needle/${name}`, 'utf8')) as object;
  return createTokenizer(file('tokenizer.json'), file('tokenizer_config.json'));
}
