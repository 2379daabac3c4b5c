// How does a data_visualization look? A plain drawing: pie, bar, line or area, with its figures as a table for those who
// cannot or need not see it.

import { el, svg } from "./dom.js";

const WIDTH = 560;
const HEIGHT = 240;
const EDGE = { left: 58, right: 12, top: 12, bottom: 42 };
const TICKS = 4;

export function chart(block) {
  const data = block.chart ?? {};
  const draw = { pie, bar: axes, line: axes, area: axes }[data.type];
  if (!draw) return el("div", { class: "unknown" }, `A chart of a kind this page does not know: ${data.type}`);
  const rows = figures(data);
  const summary = `${data.type} chart: ${block.title ?? ""}. ${rows.slice(0, 12).map((row) => row.join(" ")).join(", ")}`;
  return el(
    "figure",
    { class: "chart" },
    el("figcaption", { class: "chart-title" }, block.title ?? ""),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary, class: `drawing drawing-${data.type}` }, draw(data)),
    legend(data),
    el("details", { class: "figures" }, el("summary", {}, "Figures"), figureTable(data, rows)),
  );
}

const names = (data) => (data.type === "pie" ? (data.segments ?? []).map((each) => each.label) : (data.series ?? []).map((each) => each.name));

function figures(data) {
  if (data.type === "pie") return (data.segments ?? []).map((each) => [each.label, each.value]);
  return categories(data).map((label) => [label, ...(data.series ?? []).map((each) => valueAt(each, label) ?? "–")]);
}

function figureTable(data, rows) {
  const head = data.type === "pie" ? ["", "Value"] : [data.axis_config?.x_label ?? "", ...names(data)];
  const line = (cells, tag) => el("tr", {}, cells.map((cell) => el(tag, {}, String(cell))));
  return el("table", { class: "grid" }, el("thead", {}, line(head, "th")), el("tbody", {}, rows.map((row) => line(row, "td"))));
}

function legend(data) {
  const all = names(data);
  if (all.length < 2 && data.type !== "pie") return null;
  const total = (data.segments ?? []).reduce((sum, each) => sum + each.value, 0);
  return el("ul", { class: "legend" }, all.map((name, index) => el("li", {}, el("span", { class: `legend-mark series-${index % 12}` }), name, data.type === "pie" && total > 0 && el("span", { class: "quiet" }, ` ${Math.round((data.segments[index].value / total) * 100)} %`))));
}

function pie(data) {
  const segments = (data.segments ?? []).filter((each) => each.value > 0);
  const total = segments.reduce((sum, each) => sum + each.value, 0);
  const [x, y, radius] = [WIDTH / 2, HEIGHT / 2, HEIGHT / 2 - 14];
  if (segments.length === 1) return svg("circle", { cx: x, cy: y, r: radius, class: `fill series-${data.segments.indexOf(segments[0]) % 12}` });
  let angle = -Math.PI / 2;
  return segments.map((each) => {
    const to = angle + (each.value / total) * 2 * Math.PI;
    const large = to - angle > Math.PI ? 1 : 0;
    const path = `M${x} ${y}L${point(x, y, radius, angle)}A${radius} ${radius} 0 ${large} 1 ${point(x, y, radius, to)}Z`;
    angle = to;
    return svg("path", { d: path, class: `fill series-${data.segments.indexOf(each) % 12}` }, svg("title", { text: `${each.label}: ${each.value}` }));
  });
}

const point = (x, y, radius, angle) => `${(x + radius * Math.cos(angle)).toFixed(1)} ${(y + radius * Math.sin(angle)).toFixed(1)}`;

const categories = (data) => data.axis_config?.categories ?? (data.series?.[0]?.data ?? []).map((each) => each.label);
const valueAt = (series, label) => (series.data ?? []).find((each) => each.label === label)?.value;

function axes(data) {
  const labels = categories(data);
  const series = data.series ?? [];
  const values = series.flatMap((each) => (each.data ?? []).map((one) => one.value));
  const scale = niceScale(Math.min(0, ...values), Math.max(0, ...values));
  const place = {
    y: (value) => HEIGHT - EDGE.bottom - ((value - scale.low) / (scale.high - scale.low)) * (HEIGHT - EDGE.top - EDGE.bottom),
    step: (WIDTH - EDGE.left - EDGE.right) / Math.max(1, labels.length),
    x: (index) => EDGE.left + place.step * (index + 0.5),
  };
  const shapes = data.type === "bar" ? bars(series, labels, place) : lines(series, labels, place, data.type === "area");
  return [gridLines(scale, place), shapes, labelsBelow(labels, place), axisTitles(data.axis_config ?? {})];
}

/** Round limits and steps around [low, high]. */
function niceScale(low, high) {
  const span = high - low || 1;
  const rough = span / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  return { low: Math.floor(low / step) * step, high: Math.ceil((high || step) / step) * step, step };
}

const brief = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

function gridLines(scale, place) {
  const marks = [];
  for (let value = scale.low; value <= scale.high + scale.step / 2; value += scale.step) marks.push(value);
  return marks.map((value) => [
    svg("line", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: place.y(value), y2: place.y(value), class: "grid-line" }),
    svg("text", { x: EDGE.left - 8, y: place.y(value) + 4, "text-anchor": "end", class: "tick", text: brief.format(value) }),
  ]);
}

function labelsBelow(labels, place) {
  const every = Math.ceil(labels.length / 10);
  return labels.map((label, index) => (index % every ? null : svg("text", { x: place.x(index), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle", class: "tick", text: label })));
}

function axisTitles({ x_label: below, y_label: beside }) {
  return [
    below && svg("text", { x: (WIDTH + EDGE.left) / 2, y: HEIGHT - 6, "text-anchor": "middle", class: "axis-title", text: below }),
    beside && svg("text", { x: -(HEIGHT - EDGE.bottom) / 2, y: 12, transform: "rotate(-90)", "text-anchor": "middle", class: "axis-title", text: beside }),
  ];
}

function bars(series, labels, place) {
  const wide = Math.min(46, (place.step * 0.72) / Math.max(1, series.length));
  return series.map((each, nth) =>
    labels.map((label, index) => {
      const value = valueAt(each, label);
      if (value === undefined) return null;
      const x = place.x(index) + (nth - series.length / 2) * wide;
      const [top, bottom] = [place.y(Math.max(value, 0)), place.y(Math.min(value, 0))];
      return svg("rect", { x, y: top, width: Math.max(1, wide - 2), height: Math.max(0.5, bottom - top), rx: 2, class: `fill series-${nth % 12}` }, svg("title", { text: `${each.name}, ${label}: ${value}` }));
    }),
  );
}

function lines(series, labels, place, filled) {
  return series.map((each, nth) => {
    const points = labels.map((label, index) => [place.x(index), valueAt(each, label)]).filter(([, value]) => value !== undefined).map(([x, value]) => [x, place.y(value)]);
    if (!points.length) return null;
    const path = points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    const closed = `${path}L${points.at(-1)[0].toFixed(1)} ${place.y(0)}L${points[0][0].toFixed(1)} ${place.y(0)}Z`;
    return [
      filled && svg("path", { d: closed, class: `area series-${nth % 12}` }),
      svg("path", { d: path, class: `stroke series-${nth % 12}` }),
      points.map(([x, y]) => svg("circle", { cx: x, cy: y, r: 3, class: `fill series-${nth % 12}` })),
    ];
  });
}
