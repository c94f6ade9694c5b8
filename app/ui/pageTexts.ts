/** Sentences of what surrounds a run: code to copy, the embedded page, the palette, kept settings, licences, hidden tabs. */
export const pageTexts = {
  code: {
    title: 'Use it in your page',
    open: 'Use it in your page',
    ofRun: 'Code that repeats this run: its model, pattern, settings and question.',
    ofPage: 'Code that runs what is set on this page: model, pattern, settings and question.',
    document: 'The document is not in it. The code reads a file document.txt in its place.',
    saveDocument: 'Save the document as document.txt',
    folder: (name: string) => `The model came from a folder: put the folder “${name}” beside it too.`,
    files: (names: string) => `Save the pattern’s file beside it too: ${names}.`,
    copy: 'Copy',
    page: 'JavaScript',
    pageHelp:
      'In this page’s console, or with playground = frame.contentWindow.playground of an iframe of the same origin.',
    frame: 'Iframe',
    frameHelp:
      'The compact page with these settings filled in; its reader brings the document. From another origin it takes messages: see the README.',
    command: 'Command line',
    commandHelp: 'For a POSIX shell, in a checkout of this project.',
  },
  palette: {
    title: 'All actions',
    label: 'Search actions',
    placeholder: 'Type a word',
    none: 'No action has these words.',
    samples: {
      report: 'Open a sample report',
      log: 'Open a sample server log',
      records: 'Open sample records',
    },
    pattern: (label: string) => `Pattern: ${label}`,
    theme: { auto: 'Theme of the system', light: 'Light theme', dark: 'Dark theme' },
    builtin: 'Load the built-in model',
    csv: 'Download the shown run as CSV',
    trace: 'Download the shown run as a trace for Perfetto',
    exportRuns: 'Export all runs as JSON',
    exportSettings: 'Export all settings',
    resetSettings: 'Reset all settings',
    clear: 'Clear the document',
    diagnostics: 'Copy diagnostics',
    diagnosticsCopied: 'Diagnostics copied: versions, adapter and settings, no text of yours.',
    copyRefused: 'The browser refused to copy.',
  },
  settings: {
    title: 'All settings',
    help: 'As a file, without runs, documents and models.',
    export: 'Export',
    import: 'Import',
    importLabel: 'Import settings',
    reset: 'Reset',
  },
  about: {
    title: 'About and licences',
    what: 'Dense and sparse prefill of the same model, compared in this browser. After MInference by Microsoft Research; made independently of it.',
    disclaimer:
      'Language models make mistakes, and sparse attention can add some: check an answer against its document before you rely on it. The built-in model only finds and quotes.',
    privacy:
      'What you open, ask and get stays on this machine. Models that you ask for come from the Hugging Face Hub.',
    licences: [
      ['This page', 'MIT'],
      ['Built-in model', 'MIT; trained for this page'],
      ['Samples', 'made up by this page, free to use'],
      ['Models from the Hub', 'each under the licence on its own page, which you accept by using it'],
    ],
    libraries: 'Libraries in this page, with their licences',
    diagnostics: 'Copy diagnostics',
    version: (version: string) => `Version ${version}`,
  },
  background: {
    back: (time: string) =>
      `This tab was in the background for ${time} of the run. Browsers slow such tabs down, so its times may be too long.`,
    lost: 'Browsers may take the GPU away from a tab in the background, phones above all. Keep it in front while it runs.',
  },
  model: { again: (name: string) => `Load ${name} again` },
  embed: {
    title: 'MInference in the browser',
    open: 'Open the playground',
    badOrigin: (text: string) => `The address of this frame names no origin: “${text}”.`,
  },
} as const;
