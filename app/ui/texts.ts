/** Sentences of history, sharing, export, settings and help in one place, so that another language is another object. */
import { count } from './format';

export const texts = {
  history: {
    kept: 'Runs kept in this browser',
    visit: 'Runs of this visit',
    notKept: 'This browser keeps nothing between visits: export the runs that you need.',
    empty: 'Finished runs are kept here, in this browser only.',
    import: 'Import',
    exportJson: 'Export all as JSON',
    exportCsv: 'Export all as CSV',
    clear: 'Delete all unpinned',
    actions: (name: string) => `Actions for ${name}`,
    rename: 'Rename',
    name: 'Name of this run',
    save: 'Save',
    pin: 'Pin',
    replay: 'Repeat',
    compare: 'Compare with the run on screen',
    json: 'JSON',
    delete: 'Delete',
    pinned: 'pinned',
    followUp: (kept: string) => `further question (tokens kept: ${kept})`,
  },
  compared: {
    title: 'Two runs side by side',
    end: 'End the comparison',
    same: 'Both were set alike.',
    differ: 'What was set differently',
    documents: {
      same: 'Both read the same document.',
      different: 'They read different documents, so their answers are not comparable.',
      unknown: 'Whether they read the same document is not known.',
    },
    machines: 'They ran on different adapters: times compare the machines as well.',
  },
  conversation: {
    title: 'Conversation',
    asked: (questions: string) => `${questions} about this document`,
    own: 'Each question is asked on its own: earlier questions and answers are no part of it.',
    show: 'Show the result of: ',
    delete: 'Delete',
    deleteLabel: (question: string) => `Delete the question: ${question}`,
    untitled: '(no question)',
    firstToken: (duration: string) => `${duration} to the first token`,
    reused: 'dense from an earlier run',
    label: 'Another question about this document',
    ask: 'Ask another question',
    placeholder: 'The document is read already',
    placeholderAnew: 'The document will be read again',
    kept: (tokens: string, bytes: string) =>
      `Keys and values of ${tokens} are kept on the GPU (${bytes}), so that only a question’s own tokens are read.`,
    notKept: 'No keys and values are kept, so the whole document is read again with the next question.',
    forget: 'Forget the document’s keys and values',
    ended: {
      document:
        'This conversation has ended: the document on the page is another one, and no keys and values of this one are kept. Run to begin another.',
      model:
        'This conversation has ended: its model is not the one that is loaded, and no keys and values of it are kept. Run to begin another.',
      pattern:
        'This conversation has ended: the pattern on the page is set differently, and no keys and values of this one are kept. Run to begin another.',
      context:
        'This conversation has ended: the context on the page is set differently, so the document would be cut differently. Run to begin another.',
      ids: '',
    },
  },
  keeping: {
    label: 'Keep the document for further questions',
    kept: (bytes: string) => `Takes ${bytes} more GPU memory, until the document, model or pattern changes.`,
    unplanned: 'Its keys and values stay on the GPU until the document, model or pattern changes.',
    off: 'Each further question reads the whole document again.',
    buffers: 'Not at this length: it needs larger GPU buffers than this adapter allows.',
    memory: (bytes: string) =>
      `Not at this length: with ${bytes} more it is over the GPU memory that you stated.`,
    unknown: (bytes: string) =>
      `Not by itself: it takes ${bytes} more, and browsers do not tell whether this GPU has that. Tick it to try.`,
  },
  actions: {
    title: 'What to do with this run',
    json: 'Download as JSON',
    csv: 'CSV',
    trace: 'Trace for Perfetto',
    traceHelp: (measured: boolean) =>
      measured
        ? 'The trace opens at ui.perfetto.dev. Phases in it are totals, laid end to end.'
        : 'The trace opens at ui.perfetto.dev. It has wall times only: this adapter has no timestamp queries.',
    share: 'Share its settings',
    replay: 'Repeat',
  },
  chart: {
    svg: 'SVG',
    png: 'PNG',
    label: (chart: string, kind: string) => `Save “${chart}” as ${kind}`,
    failed: 'The picture could not be drawn. Save it as SVG instead.',
    title: (tokens: number, model: string) => `Where the time went: ${count(tokens)} tokens, ${model}`,
    software: 'Software adapter: correct, not fast.',
    noPhases:
      'This adapter has no timestamp queries, so the phases are not known; bars are time to the first token.',
    somePhases: 'A bar of one colour is of an adapter without timestamp queries: its phases are not known.',
  },
  layers: {
    title: 'Time by layer',
    open: 'Layer by layer',
    layer: 'Layer',
    axis: 'Milliseconds on the GPU',
    attention: 'attention',
    rest: 'projections and MLP',
    legend:
      'Coloured: attention with its estimate and index. Grey: projections and MLP, which both lanes do alike.',
    slowest: (lane: string, layer: number, all: string, attention: string) =>
      `${lane}: the slowest layer is ${layer} with ${all}, ${attention} of it attention.`,
    cell: (all: string, attention: string) => `${all}, ${attention} attention`,
  },
  energy: {
    title: 'Energy',
    badge: 'estimate',
    rows: { firstToken: 'To the first token', whole: 'With the answer' },
    assumption: (watts: number, grid: number | null) =>
      `Time multiplied by the ${count(watts)} W that you stated${
        grid === null ? '' : `, at ${count(grid)} g of CO₂ a kilowatt hour`
      }. Power was not measured.`,
    change: 'Change in settings',
  },
  share: {
    title: 'Share settings',
    ofRun:
      'A link that fills in the settings and the seed of this run. Nothing is uploaded: all of it is in the link.',
    ofPage:
      'A link that fills in the settings and the seed on this page. Nothing is uploaded: all of it is in the link.',
    question: 'Include the question',
    document: 'Include the document',
    documentHelp: 'Whoever has the link can read it. Only short documents fit.',
    link: 'Link',
    copy: 'Copy link',
    length: (characters: number) => `${count(characters)} characters.`,
  },
  settings: {
    title: 'Settings',
    theme: 'Theme',
    energy: 'Energy estimate',
    energyHelp:
      'Stated by you, measured by nobody: each result then shows time × power. Not shown for software adapters, whose times are no performance.',
    watts: 'Power during a run, W',
    wattsHelp: 'Of GPU or whole machine.',
    grid: 'Grid, g CO₂/kWh',
    gridHelp: 'From your supplier or your country’s statistics.',
    unset: 'not stated',
    runs: 'Runs',
    keepDocuments: 'Keep the document with each run in this browser, so that “Repeat” brings it back.',
    forgetDocuments: 'Delete kept documents',
    keyboard: 'Keyboard',
    singleKeys: 'Shortcuts of a single character, such as ?',
    close: 'Close',
  },
  help: {
    title: 'Keyboard shortcuts',
    off: 'Single characters are switched off in the settings.',
    note: 'Single characters work outside text fields. Esc closes a dialog first, and stops a run when none is open.',
  },
  keys: {
    run: 'Run',
    cancel: 'Cancel',
    up: 'Next run up the list',
    down: 'Next run down the list',
    replay: 'Repeat the shown run',
    download: 'Download the shown run as JSON',
    share: 'Share settings as a link',
    settings: 'Settings',
    help: 'This list',
  },
  page: { settings: 'Settings', share: 'Share these settings', help: 'Keyboard shortcuts' },
  toasts: { region: 'Messages', dismiss: 'Dismiss' },
} as const;
