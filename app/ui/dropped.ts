/** What was dropped or picked: documents to read, runs that a page like this one exported, or the files of a model. Folders are walked. */
import type { ModelSource } from '../engine/types';

export type Dropped =
  | { kind: 'documents'; files: File[] }
  | { kind: 'runs'; files: File[] }
  | { kind: 'model'; source: ModelSource }
  | null;

const modelFile = /(^|\/)(config\.json|.*\.safetensors(\.index\.json)?)$/;

export function modelSource(files: readonly File[], name?: string): ModelSource {
  const folder = files[0]?.webkitRelativePath.split('/')[0];
  return {
    kind: 'folder',
    name: name ?? (folder === undefined || folder === '' ? 'folder' : folder),
    files: [...files],
  };
}

/** Enough for the fields that come first in what this page and the command line write. */
const headBytes = 4_096;

/** Whether a file begins like exported runs, or like one result; `parseRunsFile` then has the last word. */
export async function holdsRuns(file: File): Promise<boolean> {
  if (!file.name.toLowerCase().endsWith('.json')) return false;
  const head = await file.slice(0, headBytes).text();
  return (
    /^\s*\{\s*"format"\s*:\s*"minference-runs"/.test(head) ||
    (/^\s*\{\s*"version"\s*:\s*1\s*,\s*"date"\s*:/.test(head) && /"adapter"\s*:\s*\{/.test(head))
  );
}

/** Reads the entries before its first await: a DataTransfer is emptied when the drop event ends. */
export async function readDropped(data: DataTransfer): Promise<Dropped> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const plain = [...data.files];
  const folders = entries.filter((entry) => entry.isDirectory) as FileSystemDirectoryEntry[];
  // A folder is among the plain files too, as one that cannot be read.
  const single = plain.filter((file) => !folders.some(({ name }) => name === file.name));
  const files = [...(await Promise.all(folders.map(filesUnder))).flat(), ...single];
  if (files.some((file) => modelFile.test(file.name)))
    return { kind: 'model', source: modelSource(files, folders[0]?.name ?? 'dropped files') };
  // Hidden files are the system's, not the person's.
  const documents = files.filter((file) => !file.name.startsWith('.'));
  if (documents.length === 0) return null;
  const runs = await Promise.all(documents.map(holdsRuns));
  // Among others they are documents like any other: nothing that was dropped is left out.
  return { kind: runs.every(Boolean) ? 'runs' : 'documents', files: documents };
}

async function filesUnder(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // Chromium hands out a hundred entries at a time.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return files;
    for (const entry of entries) {
      if (!entry.isFile) continue;
      files.push(
        await new Promise<File>((resolve, reject) => {
          (entry as FileSystemFileEntry).file(resolve, reject);
        }),
      );
    }
  }
}
