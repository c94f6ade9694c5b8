/** The parser of pdf.js as a worker of our own build; it connects itself to the page when it is imported. */
import 'pdfjs-dist/legacy/build/pdf.worker.min.mjs';
