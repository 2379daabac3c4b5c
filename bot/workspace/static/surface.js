// Where does an interactive element stand, and what has been entered around it? One Surface per message, form or Home:
// it collects the state values and sends presses, with the confirm dialog before and the spinner until the ack.

import { act } from "./server.js";
import { askConfirm } from "./dialogs.js";
import { reasonOf, toldFailure } from "./toasts.js";

export class Surface {
  /** `where`: the fields that name the place in a press: {container, channel, message_ts | view_id}.
   *  `before`: the Surface this one replaces after an update; `keepAll` keeps what was entered even where the
   *  element changed, as Slack does in forms with the same block_id and action_id. */
  constructor(where, { before = null, keepAll = false } = {}) {
    this.where = where;
    this.before = before;
    this.keepAll = keepAll;
    this.held = new Map(); // "block action" → {blockId, actionId, json, read}
  }

  /** Remember how to read an element's value: `read()` gives e.g. {type, selected_option}. */
  hold(blockId, element, read) {
    this.held.set(`${blockId} ${element.action_id}`, { blockId, actionId: element.action_id, json: JSON.stringify(element), read });
  }

  /** What a person had entered here before the update, or null. */
  recall(blockId, element) {
    const old = this.before?.held.get(`${blockId} ${element.action_id}`);
    return old && (this.keepAll || old.json === JSON.stringify(element)) ? old.read() : null;
  }

  values() {
    const values = {};
    for (const { blockId, actionId, read } of this.held.values()) (values[blockId] ??= {})[actionId] = read();
    return values;
  }

  /** Presses `element` with what was chosen; `control` carries the spinner. Resolves to whether it was sent. */
  async press(blockId, element, chosen, control) {
    if (element.confirm && !(await askConfirm(element.confirm))) return false;
    if (control?.getAttribute("aria-busy") === "true") return false;
    control?.setAttribute("aria-busy", "true");
    const answer = await act("press", { ...this.where, block_id: blockId, action_id: element.action_id, ...chosen, state_values: this.values() });
    control?.removeAttribute("aria-busy");
    if (toldFailure(answer, "That did not work")) control?.setAttribute("data-failed", reasonOf(answer));
    else control?.removeAttribute("data-failed");
    return answer.ok !== false;
  }
}
