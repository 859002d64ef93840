/** One slot. */

/** @typedef {import("../_page_state.ts").PageSlot} PageSlot */
/** @typedef {import("../../station_state.ts").SlotPhase} SlotPhase */
/** @typedef {import("../../result.ts").BoardStep} BoardStep */

/**
 * What an operator calls a step.
 *
 * @type {Readonly<Record<BoardStep, string>>}
 */
export const STEP_WORDS = {
  open: "Connecting",
  identify: "Identifying",
  check: "Checking",
  claim: "Assigning",
  erase: "Erasing",
  write: "Writing",
  verify: "Verifying",
  "read-back": "Reading back",
  reset: "Restarting",
  boot: "Testing",
  improv: "Wi-Fi setup",
  label: "Labelling",
  record: "Recording",
};

/** @type {Readonly<Record<SlotPhase, string>>} */
const PHASE_WORDS = {
  empty: "No board",
  ready: "Ready",
  running: "Starting",
  pass: "PASS",
  fail: "FAIL",
  cancelled: "Cancelled",
};

/** @type {Readonly<Partial<Record<SlotPhase, string>>>} */
const ACTIONS = {
  ready: "Start",
  running: "Cancel",
  pass: "Run again",
  fail: "Retry",
  cancelled: "Retry",
};

/** @type {Readonly<Partial<Record<SlotPhase, string>>>} */
const SIGNS = {
  pass: "M3.5 12.5l5.5 5.5L20.5 6",
  fail: "M5 5l14 14M19 5L5 19",
};

/** @typedef {(path: string, body: { slot: string, code?: string }) => void} Send */

/** A slot's tile. */
export class Tile {
  /** @type {HTMLElement} */
  element;
  /** @type {PageSlot | undefined} */
  #slot;
  /** How far this browser's clock is behind the station's, in milliseconds. */
  #lag = 0;

  /**
   * @param {string} name
   * @param {Send} send
   */
  constructor(name, send) {
    const template = /** @type {HTMLTemplateElement} */ (
      document.getElementById("tile")
    );
    const copy = /** @type {DocumentFragment} */ (
      template.content.cloneNode(true)
    );
    this.element = /** @type {HTMLElement} */ (copy.firstElementChild);
    this.#set(".name", name);
    this.#find(".action").addEventListener("click", () => {
      const path = this.#slot?.phase === "running" ? "/cancel" : "/start";
      send(path, { slot: name });
    });
    this.#find(".scan").addEventListener("submit", (event) => {
      event.preventDefault();
      const code = this.input.value.trim();
      this.input.value = "";
      if (code !== "") send("/scan", { slot: name, code });
    });
  }

  /** Where a code is scanned to. */
  get input() {
    return /** @type {HTMLInputElement} */ (this.#find("input"));
  }

  /** Whether a code is waited for. */
  get isWaiting() {
    return this.#slot?.waitsForCode ?? false;
  }

  /** How the slot stands, as it was shown last. */
  get phase() {
    return this.#slot?.phase;
  }

  /** What is said of it, in a few words. */
  get news() {
    const { name, serial, failure } = this.#slot ?? {};
    const texts = [this.#word(), serial, failure?.message, failure?.hint];
    return `${name}: ${texts.filter(Boolean).join(". ")}`;
  }

  /**
   * Shows how the slot stands.
   *
   * @param {PageSlot} slot
   * @param {number} lag How far this browser's clock is behind the station's, in milliseconds.
   */
  show(slot, lag) {
    this.#slot = slot;
    this.#lag = lag;
    const { phase, failure, progress, waitsForCode } = slot;
    const isRunning = phase === "running";
    this.element.dataset.phase = waitsForCode ? "waiting" : phase;
    this.#find(".sign path").setAttribute("d", SIGNS[phase] ?? "");
    this.#set(".word", this.#word());
    this.#set(
      ".percent",
      isRunning && progress !== undefined
        ? `${Math.floor(progress * 100)} %`
        : "",
    );
    const bar = /** @type {HTMLProgressElement} */ (this.#find(".bar"));
    bar.hidden = !isRunning || waitsForCode;
    if (progress === undefined) bar.removeAttribute("value");
    else bar.value = progress;
    this.#find(".scan").hidden = !waitsForCode;
    this.#set(".serial", slot.serial ?? "");
    this.#set(".mac", slot.mac ?? "");
    this.#set(".chip", slot.chip ?? "");
    this.#find(".failure").hidden = failure === undefined;
    this.#set(".message", failure?.message ?? "");
    this.#set(".hint", failure?.hint ?? "");
    this.#set(".code", failure?.code ?? "");
    this.#set(".log", phase === "empty" ? "" : slot.log ?? "");
    this.#set(".about", this.#about());
    this.#showAction(phase);
    this.tick();
  }

  /** Shows how long it has taken so far. */
  tick() {
    const { phase, startedAt, durationMs } = this.#slot ?? {};
    if (phase === "running" && startedAt !== undefined) {
      const ms = Date.now() + this.#lag - Date.parse(startedAt);
      this.#set(".time", formatTime(ms));
    } else {
      this.#set(
        ".time",
        durationMs === undefined ? "" : formatTime(durationMs),
      );
    }
  }

  #word() {
    const { phase = "empty", step, waitsForCode } = this.#slot ?? {};
    if (waitsForCode) return "Scan code";
    if (phase === "running" && step !== undefined) return STEP_WORDS[step];
    return PHASE_WORDS[phase];
  }

  #about() {
    const { phase, attempt = 1 } = this.#slot ?? {};
    const isTried = phase !== "empty" && phase !== "ready";
    return isTried && attempt > 1 ? `Attempt ${attempt}` : "";
  }

  /** @param {SlotPhase} phase */
  #showAction(phase) {
    const action = this.#find(".action");
    action.hidden = ACTIONS[phase] === undefined;
    action.classList.toggle("primary", phase === "ready");
    this.#set(".action", ACTIONS[phase] ?? "");
    action.setAttribute("aria-label", `${ACTIONS[phase]} ${this.#slot?.name}`);
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  #set(selector, text) {
    const target = this.#find(selector);
    if (target.textContent !== text) target.textContent = text;
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  #find(selector) {
    const found = this.element.querySelector(selector);
    if (found === null) throw new Error(`There is no ${selector}`);
    return /** @type {HTMLElement} */ (found);
  }
}

/**
 * Minutes and seconds.
 *
 * @param {number} ms
 */
function formatTime(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const rest = String(seconds % 60).padStart(2, "0");
  return `${Math.floor(seconds / 60)}:${rest}`;
}
