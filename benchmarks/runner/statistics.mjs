// SPDX-License-Identifier: MIT
// Statistics of repeated measurements: the median and the spread.

export function median(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/// { median, least, most, count } of the numbers among the values; undefined if there are none.
export function spread(values) {
  const numbers = values.filter((value) => typeof value === "number" && Number.isFinite(value));
  if (numbers.length === 0) return undefined;
  return { median: median(numbers), least: Math.min(...numbers), most: Math.max(...numbers), count: numbers.length };
}

/// The median of the ratios of values from the same round: a slow machine affects both values of a round.
///
/// @param values, base  Maps from the round to the number
export function paired_ratio(values, base) {
  const ratios = [];
  for (const [round, value] of values) {
    const other = base.get(round);
    if (Number.isFinite(value) && Number.isFinite(other) && other > 0) ratios.push(value / other);
  }
  return median(ratios);
}
