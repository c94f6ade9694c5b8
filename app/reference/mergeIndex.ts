/** What a head's lists are when each head takes its own part's: `indexes` [part][head], `parts` [head]. */
export function mergeIndexReference<Lists>(
  indexes: readonly (readonly Lists[])[],
  parts: readonly number[],
): Lists[] {
  return parts.map((part, head) => {
    const lists = indexes[part]?.[head];
    if (lists === undefined) throw new RangeError(`part ${part} has no head ${head}`);
    return lists;
  });
}
