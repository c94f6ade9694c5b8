import { useEffect, useState, type ReactNode } from 'react';
import { readDropped } from './dropped';
import { useStores } from './stores';

/** The whole window takes files: texts become the document, exported runs join the history, a folder is the model. */
export function DropTarget({ children }: { children: ReactNode }) {
  const { actions } = useStores();
  const [over, setOver] = useState(false);

  useEffect(() => {
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const onDragOver = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      if (!carriesFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      setOver(false);
      void readDropped(event.dataTransfer).then(async (dropped) => {
        if (dropped?.kind === 'documents') await actions.document.openFiles(dropped.files);
        // One after the other: the last one stays on screen.
        if (dropped?.kind === 'runs') for (const file of dropped.files) await actions.history.import(file);
        if (dropped?.kind === 'model') await actions.model.load(dropped.source);
      });
    };
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('dragleave', onDragLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('dragleave', onDragLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, [actions]);

  return (
    <>
      {children}
      {over && (
        <div className="drop-overlay" aria-hidden="true">
          <p>Drop documents to read them, exported runs to look at them, or a model folder to load it</p>
        </div>
      )}
    </>
  );
}
