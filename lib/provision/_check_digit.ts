/** Check digits of decimal numbers. */

/** The quasigroup of the Damm algorithm: H. M. Damm, 2004. */
const DAMM: readonly (readonly number[])[] = [
  [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
  [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
  [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
  [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
  [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
  [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
  [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
  [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
  [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
  [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/** The digit that makes `digits` with it a valid number. `luhn` is ISO/IEC 7812-1, annex B. */
export function checkDigit(kind: "luhn" | "damm", digits: string): number {
  const numbers = Array.from(digits, Number);
  return kind === "damm"
    ? numbers.reduce((row, digit) => DAMM[row]?.[digit] ?? 0, 0)
    : (10 - luhnSum(numbers) % 10) % 10;
}

/** From the right every other digit counts twice, and nine less where that has two digits. */
function luhnSum(numbers: readonly number[]): number {
  return numbers.toReversed().reduce((sum, digit, index) => {
    if (index % 2 === 1) return sum + digit;
    return sum + (digit > 4 ? 2 * digit - 9 : 2 * digit);
  }, 0);
}
