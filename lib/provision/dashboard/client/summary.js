/** The station as a whole. */

import { STEP_WORDS } from "./tile.js";

/** @typedef {import("../_page_state.ts").PageState} PageState */

/** Fewer rows than this are worth a warning. */
const FEW_ROWS = 10;

/**
 * Shows counts and names.
 *
 * @param {PageState} state
 */
export function showSummary({ station, job, counts, rowsLeft, slots }) {
  const { passed, failed, perHour, slowest } = counts;
  setText("job", job);
  setText("station", `Station ${station}`);
  setText("passed", String(passed));
  setText("failed", String(failed));
  setText("yield", counts.yield === undefined ? "–" : percent(counts.yield));
  setText(
    "per-hour",
    perHour === undefined ? "–" : String(Math.round(perHour)),
  );
  setText(
    "slowest",
    slowest === undefined
      ? "–"
      : `${STEP_WORDS[slowest.step]} ${(slowest.ms / 1000).toFixed(1)} s`,
  );
  const rows = element("rows");
  rows.hidden = rowsLeft === undefined;
  rows.classList.toggle("bad", rowsLeft !== undefined && rowsLeft < FEW_ROWS);
  setText("rows-left", String(rowsLeft ?? ""));
  element("none").hidden = slots.length > 0;
  document.title = `${passed} passed, ${failed} failed – ${job}`;
}

/**
 * An element that the page has.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no #${id}`);
  return found;
}

/**
 * Shows a text, or nothing at all.
 *
 * @param {string} id
 * @param {string | undefined} text
 */
export function showNotice(id, text) {
  setText(id, text ?? "");
  element(id).hidden = text === undefined;
}

/**
 * @param {string} id
 * @param {string} text
 */
function setText(id, text) {
  const target = element(id);
  // A text that is set anew is read out anew.
  if (target.textContent !== text) target.textContent = text;
}

/**
 * A share that is rounded down: 100 % is for all.
 *
 * @param {number} share
 */
function percent(share) {
  return `${Math.floor(share * 1000) / 10} %`;
}
