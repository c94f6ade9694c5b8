import { useEffect, useState } from 'react';
import { parseBenchResult } from '../../engine/bench/report';
import type { BenchResult } from '../../engine/bench/types';
import { toReport, type ErrorReport } from '../../errors';
import { ErrorNote } from '../ErrorNote';
import { ThemeSwitch } from '../ThemeSwitch';
import { useTheme } from '../useTheme';
import { BenchResultView } from './BenchResultView';
import './bench.css';

interface Opened {
  /** Of the file, with a number where two have the same. */
  name: string;
  result: BenchResult;
}

interface Refused {
  name: string;
  error: ErrorReport;
}

async function read(file: File): Promise<Opened | Refused> {
  try {
    return { name: file.name, result: parseBenchResult(await file.text()) };
  } catch (error) {
    const report = toReport(error);
    return { name: file.name, error: { ...report, sentence: `${file.name}: ${report.sentence}` } };
  }
}

function withNumber(name: string, taken: readonly string[]): string {
  let free = name;
  for (let number = 2; taken.includes(free); number++) free = `${name} (${number})`;
  return free;
}

/** Benchmark results drawn from the files that `npm run bench -- --out` writes. They stay on this machine. */
export function BenchView() {
  useTheme();
  const [opened, setOpened] = useState<readonly Opened[]>([]);
  const [refused, setRefused] = useState<readonly Refused[]>([]);

  const open = async (files: readonly File[]): Promise<void> => {
    const outcomes = await Promise.all(files.map(read));
    setRefused(outcomes.filter((outcome) => 'error' in outcome));
    setOpened((before) => {
      const all = [...before];
      for (const outcome of outcomes) {
        if (!('result' in outcome)) continue;
        const taken = all.map(({ name }) => name);
        all.push({ name: withNumber(outcome.name, taken), result: outcome.result });
      }
      return all;
    });
  };
  useDrop(open);

  return (
    <>
      <header className="header">
        <div>
          <h1>Benchmark results</h1>
          <p className="soft">
            Files of <code>npm run bench -- --out FILE</code>, drawn here and sent nowhere.
          </p>
        </div>
        <div className="header-side">
          <a href="./">Back to the playground</a>
          <ThemeSwitch />
        </div>
      </header>
      <main className="bench">
        <div className="row">
          <label className="button">
            Open results
            <input
              className="unseen"
              type="file"
              accept=".json,application/json"
              multiple
              onChange={(event) => {
                void open([...(event.target.files ?? [])]);
                event.target.value = '';
              }}
            />
          </label>
          <p className="help">or drop them anywhere on this page</p>
        </div>
        {refused.map(({ name, error }) => (
          <ErrorNote
            key={name}
            error={error}
            onDismiss={() => {
              setRefused(refused.filter((other) => other.name !== name));
            }}
          />
        ))}
        {opened.map(({ name, result }) => (
          <BenchResultView
            key={name}
            name={name}
            result={result}
            onRemove={() => {
              setOpened(opened.filter((other) => other.name !== name));
            }}
          />
        ))}
      </main>
    </>
  );
}

function useDrop(open: (files: readonly File[]) => Promise<void>): void {
  useEffect(() => {
    const onDragOver = (event: DragEvent): void => {
      event.preventDefault();
    };
    const onDrop = (event: DragEvent): void => {
      event.preventDefault();
      void open([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('drop', onDrop);
    };
  });
}
