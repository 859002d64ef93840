/**
 * Looking things up in sorted lists.
 *
 * @module
 */

/**
 * Finds the last item whose key is not above a value.
 *
 * @param items Sorted by their keys.
 * @returns Its index, or -1 if every key is above the value.
 */
export function lastIndexUpTo<T>(
  items: readonly T[],
  value: number,
  keyOf: (item: T) => number,
): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && keyOf(item) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
