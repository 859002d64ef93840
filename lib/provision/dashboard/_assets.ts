/**
 * The page's files, as a browser gets them. They are HTML, CSS and JavaScript
 * as such and not texts or functions of a module: so each is formatted, linted
 * and checked as what it is, and what is tested is what is served.
 *
 * @module
 */

import connection from "./client/connection.js" with { type: "text" };
import index from "./client/index.html" with { type: "text" };
import main from "./client/main.js" with { type: "text" };
import signInPage from "./client/sign_in.html" with { type: "text" };
import signInScript from "./client/sign_in.js" with { type: "text" };
import sound from "./client/sound.js" with { type: "text" };
import style from "./client/style.css" with { type: "text" };
import summary from "./client/summary.js" with { type: "text" };
import theme from "./client/theme.js" with { type: "text" };
import tileStyle from "./client/tile.css" with { type: "text" };
import tile from "./client/tile.js" with { type: "text" };

/** A file that a browser gets. */
export interface Asset {
  /** Its media type. */
  readonly type: string;
  /** Its content. */
  readonly text: string;
}

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

/** What the sign-in page needs; holds nothing of the station. */
export const OPEN_ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["/style.css", { type: CSS, text: style }],
  ["/theme.js", { type: SCRIPT, text: theme }],
  ["/sign_in.js", { type: SCRIPT, text: signInScript }],
]);

/** What the operator's page needs. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["/", { type: HTML, text: index }],
  ["/main.js", { type: SCRIPT, text: main }],
  ["/connection.js", { type: SCRIPT, text: connection }],
  ["/sound.js", { type: SCRIPT, text: sound }],
  ["/summary.js", { type: SCRIPT, text: summary }],
  ["/tile.css", { type: CSS, text: tileStyle }],
  ["/tile.js", { type: SCRIPT, text: tile }],
]);

/** The page for who has no token. */
export const SIGN_IN: Asset = { type: HTML, text: signInPage };
