/** Takes the token from the link, or from the operator, and gives it to the station. */

const form = /** @type {HTMLFormElement} */ (document.getElementById("form"));
const field =
  /** @type {HTMLInputElement} */ (document.getElementById("token"));
const reason = /** @type {HTMLElement} */ (document.getElementById("reason"));

/** @param {string} token */
async function signIn(token) {
  try {
    const response = await fetch("/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (response.ok) return location.replace("/");
    reason.textContent = await response.text();
  } catch {
    reason.textContent = "The station does not answer.";
  }
  field.select();
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn(field.value.trim());
});
function takeLink() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  // Neither the address bar nor the browser's history keeps it.
  history.replaceState(null, "", "/");
  if (given === null) field.focus();
  else void signIn(given);
}

// A link that is opened where this page is already changes the fragment alone.
addEventListener("hashchange", takeLink);
takeLink();
