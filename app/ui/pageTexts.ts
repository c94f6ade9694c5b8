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
  embed: {
    title: 'MInference in the browser',
    open: 'Open the playground',
    badOrigin: (text: string) => `The address of this frame names no origin: “${text}”.`,
  },
} as const;
