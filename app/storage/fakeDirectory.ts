/** For tests: an origin private file system in memory, with exclusive access handles and a quota. */

class FakeFile {
  readonly kind = 'file';
  bytes = new Uint8Array();
  private locked = false;

  constructor(
    readonly name: string,
    private readonly disk: FakeDisk,
  ) {}

  getFile(): Promise<File> {
    return Promise.resolve(new File([this.bytes], this.name));
  }

  createSyncAccessHandle() {
    if (this.locked) return Promise.reject(new DOMException('locked', 'NoModificationAllowedError'));
    this.locked = true;
    return Promise.resolve({
      getSize: () => this.bytes.byteLength,
      read: (into: Uint8Array, { at }: { at: number }) => {
        const part = this.bytes.subarray(at, at + into.byteLength);
        into.set(part);
        return part.byteLength;
      },
      write: (from: Uint8Array, { at }: { at: number }) => {
        const grown = Math.max(this.bytes.byteLength, at + from.byteLength);
        this.disk.take(grown - this.bytes.byteLength);
        const next = new Uint8Array(grown);
        next.set(this.bytes);
        next.set(from, at);
        this.bytes = next;
        return from.byteLength;
      },
      truncate: (size: number) => {
        this.disk.take(size - this.bytes.byteLength);
        this.bytes = this.bytes.slice(0, size);
      },
      flush: () => undefined,
      close: () => {
        this.locked = false;
      },
    });
  }
}

class FakeDisk {
  used = 0;

  constructor(readonly quota: number) {}

  take(bytes: number): void {
    if (this.used + bytes > this.quota) throw new DOMException('over quota', 'QuotaExceededError');
    this.used += bytes;
  }
}

class FakeDirectory {
  readonly kind = 'directory';
  private readonly entries = new Map<string, FakeFile | FakeDirectory>();

  constructor(private readonly disk: FakeDisk) {}

  getDirectoryHandle(name: string, { create = false } = {}): Promise<FakeDirectory> {
    return this.get(name, create, () => new FakeDirectory(this.disk)) as Promise<FakeDirectory>;
  }

  getFileHandle(name: string, { create = false } = {}): Promise<FakeFile> {
    return this.get(name, create, () => new FakeFile(name, this.disk)) as Promise<FakeFile>;
  }

  removeEntry(name: string): Promise<void> {
    return this.entries.delete(name)
      ? Promise.resolve()
      : Promise.reject(new DOMException(name, 'NotFoundError'));
  }

  async *keys(): AsyncGenerator<string> {
    for (const name of this.entries.keys()) yield await Promise.resolve(name);
  }

  private get(
    name: string,
    create: boolean,
    make: () => FakeFile | FakeDirectory,
  ): Promise<FakeFile | FakeDirectory> {
    const found = this.entries.get(name) ?? (create ? make() : undefined);
    if (!found) return Promise.reject(new DOMException(name, 'NotFoundError'));
    this.entries.set(name, found);
    return Promise.resolve(found);
  }
}

/** `quota` in bytes over all its files. */
export function fakeDirectory(quota = Infinity): FileSystemDirectoryHandle {
  // The parts of the interface that the weight cache uses, which no structural type matches.
  return new FakeDirectory(new FakeDisk(quota)) as unknown as FileSystemDirectoryHandle;
}
