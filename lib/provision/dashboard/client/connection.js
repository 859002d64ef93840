/** The station's states, for as long as the page is open. */

/** @typedef {import("../_page_state.ts").PageState} PageState */

/** The station is heard of every 5 s; after this long, in milliseconds, it is lost. */
const SILENCE = 12_000;
const AGAIN = 2_000;

/**
 * Listens to the station, and connects again whenever that ends.
 *
 * @param {(state: PageState) => void} onState
 * @param {() => void} onLost
 */
export function connect(onState, onLost) {
  const source = new EventSource("/events");
  let timer = setTimeout(again, SILENCE);
  source.onmessage = ({ data }) => {
    clearTimeout(timer);
    timer = setTimeout(again, SILENCE);
    onState(JSON.parse(data));
  };
  source.onerror = () => {
    onLost();
    // Otherwise the browser connects again by itself.
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(timer);
    timer = setTimeout(again, AGAIN);
  };

  async function again() {
    onLost();
    source.close();
    // A station that was started again may have another token: its page asks for it.
    if (await isLocked()) location.reload();
    else connect(onState, onLost);
  }
}

async function isLocked() {
  try {
    const signal = AbortSignal.timeout(AGAIN);
    const { status } = await fetch("/", { method: "HEAD", signal });
    return status === 401;
  } catch {
    return false;
  }
}
