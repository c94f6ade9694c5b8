// The columns of a row block's index, from a head's chosen ones. The importer's bindings are read and written here:
//   chosen [head][chosen_columns] ascending, chosen_counts [head], columns
// and it brings `outside`: whether a column lies in none of the row block's tiles.
#import prefix_sum

// Loads in flight.
const AHEAD: u32 = 4;

// How many of the thread's share of a head's chosen columns lie below `limit` and outside. What the workgroup is to list
// follows from the sums over its threads; the list ascends, so that whoever has none ends at once.
fn count_columns(head: u32, limit: u32, thread: u32) -> u32 {
  let share = (chosen_counts[head] + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let end = min(chosen_counts[head], (thread + 1) * share);
  var kept = 0u;
  for (var first = thread * share; first < end; first += AHEAD) {
    var got = array<u32, AHEAD>();
    for (var i = 0u; i < AHEAD; i++) {
      got[i] = chosen[head * params.chosen_columns + min(first + i, end - 1)];
    }
    for (var i = 0u; i < AHEAD; i++) {
      if (first + i < end && got[i] < limit && outside(got[i])) {
        kept++;
      }
    }
    if (got[AHEAD - 1] >= limit) {
      break;
    }
  }
  return kept;
}

// Lists them in `columns`, from the thread's place on.
fn list_columns(head: u32, limit: u32, place: u32, thread: u32) {
  let share = (chosen_counts[head] + PREFIX_THREADS - 1) / PREFIX_THREADS;
  let end = min(chosen_counts[head], (thread + 1) * share);
  var at = place;
  for (var i = thread * share; i < end; i++) {
    let column = chosen[head * params.chosen_columns + i];
    if (column >= limit) {
      break;
    }
    if (outside(column)) {
      columns[at] = column;
      at++;
    }
  }
}
