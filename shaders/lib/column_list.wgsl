// The columns of a row block's index, from a head's chosen ones. The importer's bindings are read and written here:
//   chosen [head][chosen_columns] ascending, chosen_counts [head], columns [head][row block][column_capacity]
// and it brings `outside`: whether a column lies in none of the row block's tiles.
#import prefix_sum

// How many of a head's chosen columns lie below `limit`.
fn chosen_below(head: u32, limit: u32) -> u32 {
  var below = 0u;
  var high = chosen_counts[head];
  while (below < high) {
    let middle = (below + high) / 2;
    if (chosen[head * params.chosen_columns + middle] < limit) {
      below = middle + 1;
    } else {
      high = middle;
    }
  }
  return below;
}

// Lists those of the first `below` chosen columns that are outside; answers how many. Uniform control flow only.
fn list_columns(head: u32, place: u32, below: u32, thread: u32) -> u32 {
  let share = (below + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let end = min(below, (thread + 1) * share);
  var kept = 0u;
  for (var i = thread * share; i < end; i++) {
    kept += select(0u, 1u, outside(chosen[head * params.chosen_columns + i]));
  }
  let sums = prefix_sum(kept, thread);
  var at = place * params.column_capacity + sums.x;
  for (var i = thread * share; i < end; i++) {
    let column = chosen[head * params.chosen_columns + i];
    if (outside(column)) {
      columns[at] = column;
      at++;
    }
  }
  return sums.y;
}
