/** What one row block of one head computes: first keys of 64-wide tiles, and single columns outside them, ascending. */
export interface RowIndex {
  tiles: number[];
  columns: number[];
}
