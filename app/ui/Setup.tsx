import { DocumentPanel } from './DocumentPanel';
import { LengthPanel } from './LengthPanel';
import { ModelPanel } from './ModelPanel';
import { NoGpuNotice } from './NoGpuNotice';
import { PatternPanel } from './PatternPanel';
import { QuestionPanel } from './QuestionPanel';
import { RunBar } from './RunBar';

/** What to run, from the model to the button. */
export function Setup() {
  return (
    <form
      className="setup"
      aria-label="What to run"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <NoGpuNotice />
      <ModelPanel />
      <DocumentPanel />
      <QuestionPanel />
      <PatternPanel />
      <LengthPanel />
      <RunBar />
    </form>
  );
}
