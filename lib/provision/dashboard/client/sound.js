/** Beeps for who does not look: off until switched on, since browsers want a tap first anyway. */

const KEY = "espline-sound";
const VOLUME = 0.25;
/**
 * Frequency in hertz, start and length in seconds: up for PASS, down and longer for FAIL.
 *
 * @type {Readonly<Record<string, readonly (readonly [number, number, number])[]>>}
 */
const TUNES = {
  pass: [[880, 0, 0.12], [1320, 0.14, 0.22]],
  fail: [[330, 0, 0.25], [220, 0.3, 0.5]],
};

/**
 * Makes a button switch sound on and off; the browser remembers it.
 *
 * @param {HTMLElement} button
 * @returns {(phase: string) => void} What plays the tune of a phase, if it has one.
 */
export function makeSound(button) {
  /** @type {AudioContext | undefined} */
  let context;
  let isOn = localStorage.getItem(KEY) === "on";

  function wake() {
    if (!isOn) return;
    context ??= new AudioContext();
    void context.resume();
  }

  function show() {
    button.textContent = `Sound: ${isOn ? "on" : "off"}`;
  }

  /** @param {string} phase */
  function play(phase) {
    if (!isOn || context === undefined) return;
    for (const tone of TUNES[phase] ?? []) beep(context, tone);
  }

  button.addEventListener("click", () => {
    isOn = !isOn;
    localStorage.setItem(KEY, isOn ? "on" : "off");
    show();
    wake();
    play("pass");
  });
  // Remembered as on, it still has to wait for the first tap or key.
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  show();
  return play;
}

/**
 * @param {AudioContext} context
 * @param {readonly [number, number, number]} tone
 */
function beep(context, [frequency, start, length]) {
  const from = context.currentTime + start;
  const oscillator = new OscillatorNode(context, { frequency });
  const gain = new GainNode(context, { gain: VOLUME });
  // A tone that ends at once clicks.
  gain.gain.setTargetAtTime(0, from + length * 0.7, length * 0.1);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + length);
}
