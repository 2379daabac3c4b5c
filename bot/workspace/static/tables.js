// How do tables look? `table` shows its rows; `data_table` can be sorted by a column and turns pages.

import { el, icon } from "./dom.js";
import { richText } from "./rich_text.js";

const PAGE_ROWS = 5; // Slack's default page_size

export function table(block) {
  const settings = block.column_settings ?? [];
  const [head, ...body] = block.rows ?? [];
  const row = (cells, tag) => el("tr", {}, (cells ?? []).map((cell, column) => el(tag, { class: look(settings[column]), scope: tag === "th" ? "col" : null }, cellContent(cell))));
  return frame(el("table", { class: "grid" }, head && el("thead", {}, row(head, "th")), el("tbody", {}, body.map((cells) => row(cells, "td")))));
}

const look = (setting) => `align-${setting?.align ?? "left"}${setting?.is_wrapped ? " wrapped" : ""}`;

function frame(content) {
  return el("div", { class: "table-frame", tabindex: "0", role: "group", "aria-label": "Table" }, content);
}

function cellContent(cell) {
  if (cell?.type === "rich_text") return richText(cell);
  if (cell?.type === "raw_number") return cell.text ?? String(cell.value);
  if (cell?.type === "raw_text") return cell.text ?? "";
  return el("span", { class: "unknown-inline" }, `[${cell?.type ?? "nothing"}]`);
}

const sortKey = (cell) => (cell?.type === "raw_number" ? cell.value : cellText(cell).toLowerCase());

function cellText(cell) {
  if (cell?.type !== "rich_text") return String(cell?.text ?? "");
  return richText(cell).textContent;
}

export function dataTable(block) {
  const [head = [], ...rows] = block.rows ?? [];
  const size = block.page_size ?? PAGE_ROWS;
  const view = { page: 0, column: null, down: false };
  const body = el("tbody");
  const counter = el("span", { class: "quiet", "aria-live": "polite" });
  const turn = (by) => {
    view.page = Math.max(0, Math.min(view.page + by, Math.ceil(rows.length / size) - 1));
    show();
  };
  const back = el("button", { type: "button", class: "icon-button", "aria-label": "Previous page", on: { click: () => turn(-1) } }, icon("left", 16));
  const next = el("button", { type: "button", class: "icon-button", "aria-label": "Next page", on: { click: () => turn(1) } }, icon("right", 16));
  const headers = head.map((cell, column) => el("th", { scope: "col" }, el("button", { type: "button", class: "sort", on: { click: () => sortBy(column) } }, cellContent(cell))));

  function sortBy(column) {
    view.down = view.column === column ? !view.down : false;
    Object.assign(view, { column, page: 0 });
    headers.forEach((th, index) => (index === column ? th.setAttribute("aria-sort", view.down ? "descending" : "ascending") : th.removeAttribute("aria-sort")));
    show();
  }

  function show() {
    const sorted = view.column === null ? rows : [...rows].sort((one, other) => compare(sortKey(one[view.column]), sortKey(other[view.column])) * (view.down ? -1 : 1));
    const from = view.page * size;
    body.replaceChildren(...sorted.slice(from, from + size).map((cells) => dataRow(cells, block.row_header_column_index)));
    counter.textContent = `${rows.length ? from + 1 : 0}–${Math.min(from + size, rows.length)} of ${rows.length}`;
    back.disabled = from === 0;
    next.disabled = from + size >= rows.length;
  }
  show();
  const pages = rows.length > size && el("div", { class: "pages" }, back, counter, next);
  return el("div", { class: "data-table" }, frame(el("table", { class: "grid" }, block.caption && el("caption", {}, block.caption), el("thead", {}, el("tr", {}, headers)), body)), pages);
}

const compare = (one, other) => (typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true }));

function dataRow(cells, headerColumn) {
  return el("tr", {}, cells.map((cell, column) => el(column === headerColumn ? "th" : "td", { scope: column === headerColumn ? "row" : null, class: cell?.type === "raw_number" ? "align-right" : null }, cellContent(cell))));
}
