/** What was dropped or picked: one text to read, or the files of a model. Folders are walked. */
import type { ModelSource } from '../engine/types';

export type Dropped = { kind: 'text'; file: File } | { kind: 'model'; source: ModelSource } | null;

const modelFile = /(^|\/)(config\.json|.*\.safetensors(\.index\.json)?)$/;

export function modelSource(files: readonly File[], name?: string): ModelSource {
  const folder = files[0]?.webkitRelativePath.split('/')[0];
  return {
    kind: 'folder',
    name: name ?? (folder === undefined || folder === '' ? 'folder' : folder),
    files: [...files],
  };
}

/** Reads the entries before its first await: a DataTransfer is emptied when the drop event ends. */
export async function readDropped(data: DataTransfer): Promise<Dropped> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const plain = [...data.files];
  const folder = entries.find((entry) => entry.isDirectory);
  if (folder) {
    const files = await filesUnder(folder as FileSystemDirectoryEntry);
    return { kind: 'model', source: modelSource(files, folder.name) };
  }
  if (plain.some((file) => modelFile.test(file.name)))
    return { kind: 'model', source: modelSource(plain, 'dropped files') };
  const [first] = plain;
  return first ? { kind: 'text', file: first } : null;
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
