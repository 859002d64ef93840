/** The operator's page. */

import { connect } from "./connection.js";
import { makeSound } from "./sound.js";
import { element, showNotice, showSummary } from "./summary.js";
import { Tile } from "./tile.js";

/** @typedef {import("../_page_state.ts").PageState} PageState */

/** How long a refused command is told of, in milliseconds. */
const SHOWN = 8_000;
/** Up to so many tiles are shown larger. */
const SIZES = /** @type {const} */ ([[4, "large"], [12, "medium"]]);

const list = element("tiles");
const news = element("news");
const play = makeSound(element("sound"));
/** @type {Map<string, Tile>} */
const tiles = new Map();
/** @type {number | undefined} */
let refusal;

/** @param {PageState} state */
function showState(state) {
  showNotice("lost", undefined);
  document.body.classList.remove("is-lost");
  showNotice(
    "trouble",
    state.trouble && `Trouble: ${state.trouble}`,
  );
  showSummary(state);
  const lag = Date.parse(state.now) - Date.now();
  let isCalled = false;
  for (const slot of state.slots) {
    const tile = tiles.get(slot.name) ?? addTile(slot.name);
    const { phase, isWaiting } = tile;
    tile.show(slot, lag);
    const isNews = phase !== undefined &&
      (phase !== slot.phase || isWaiting !== slot.waitsForCode);
    if (isNews) tell(tile);
    isCalled ||= !isWaiting && slot.waitsForCode;
  }
  const phases = state.slots.map(({ phase }) => phase);
  const canStart = ["ready", "fail", "cancelled"];
  setEnabled("start-all", phases.some((phase) => canStart.includes(phase)));
  setEnabled("cancel-all", phases.includes("running"));
  list.dataset.size = SIZES.find(([most]) => phases.length <= most)?.[1] ??
    "small";
  focusScan(isCalled);
}

function showLost() {
  document.body.classList.add("is-lost");
  showNotice("lost", "Connection lost. Trying again …");
}

/** @param {string} name */
function addTile(name) {
  const tile = new Tile(name, send);
  tiles.set(name, tile);
  list.append(tile.element);
  return tile;
}

/** @param {Tile} tile */
function tell(tile) {
  if (tile.phase !== undefined) play(tile.phase);
  const line = document.createElement("p");
  line.textContent = tile.news;
  news.append(line);
  // Who listens has heard the old ones.
  if (news.childElementCount > 20) news.firstElementChild?.remove();
}

/**
 * A scanner types into whatever has the focus: that must be a field which waits.
 *
 * @param {boolean} isUrgent Whether it is taken from a button that has it.
 */
function focusScan(isUrgent) {
  const focused = document.activeElement ?? document.body;
  if (focused !== document.body && focused.checkVisibility()) {
    if (!isUrgent || focused instanceof HTMLInputElement) return;
  }
  const waiting = [...tiles.values()].find(({ isWaiting }) => isWaiting);
  waiting?.input.focus();
}

/**
 * @param {string} path
 * @param {{ slot?: string, code?: string }} body
 */
async function send(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.status === 401) location.reload();
    showRefusal(response.ok ? undefined : await response.text());
  } catch {
    showRefusal("The station does not answer.");
  }
}

/** @param {string | undefined} text */
function showRefusal(text) {
  clearTimeout(refusal);
  showNotice("refused", text);
  refusal = setTimeout(() => showNotice("refused", undefined), SHOWN);
}

/**
 * @param {string} id
 * @param {boolean} isEnabled
 */
function setEnabled(id, isEnabled) {
  /** @type {HTMLButtonElement} */ (element(id)).disabled = !isEnabled;
}

function hideToken() {
  if (location.hash !== "") history.replaceState(null, "", "/");
}

element("start-all").addEventListener("click", () => void send("/start", {}));
element("cancel-all").addEventListener("click", () => void send("/cancel", {}));
addEventListener("keydown", ({ key, ctrlKey, altKey, metaKey }) => {
  // Space and Enter press buttons, Tab goes on; what prints is a scanner's.
  const isText = key.length === 1 && key !== " ";
  if (isText && !ctrlKey && !altKey && !metaKey) focusScan(true);
});
setInterval(() => tiles.forEach((tile) => tile.tick()), 1000);
// Who is let in already may open the link again.
addEventListener("hashchange", hideToken);
hideToken();
connect(showState, showLost);
